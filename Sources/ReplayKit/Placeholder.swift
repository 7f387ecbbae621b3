enum ReplayKitPlaceholder {}
