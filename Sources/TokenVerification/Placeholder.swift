enum TokenVerificationPlaceholder {}
