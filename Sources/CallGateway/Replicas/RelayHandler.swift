import GRPCTransport

/// One attempt to hand an RPC on: what comes of an earlier one is nobody's.
final class RelayHandler: ClientCallHandler {
  private weak var arriving: ArrivingConversation?

  init(_ arriving: ArrivingConversation) { self.arriving = arriving }

  func received(_ bytes: UnsafeRawBufferPointer) { arriving?.received(bytes, on: self) }
  func drained() { arriving?.drained(self) }
  func ended(_ status: RPCStatus, trailingMetadata: Metadata) { arriving?.ended(self, status, trailingMetadata) }
}
