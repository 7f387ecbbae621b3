enum CallGatewayPlaceholder {}
