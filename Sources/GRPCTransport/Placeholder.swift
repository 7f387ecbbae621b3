enum GRPCTransportPlaceholder {}
