import GRPCTransport

/// An RPC that another replica has accepted from its caller and hands on to this one: its messages are the caller's. On
/// its loop.
final class RelayedRPC: IncomingRPC {
  private let call: any IncomingRPC
  /// The caller's address, as the other replica sees it.
  let peer: String
  /// The conversation's epoch, as the other replica knows it.
  let epoch: UInt64
  /// Whether the conversation may begin with it: the other replica ends, and begins none.
  let mayBegin: Bool

  init(_ call: any IncomingRPC) {
    self.call = call
    peer = call.values(for: RelayHeaders.peer).first ?? call.peer
    epoch = call.values(for: RelayHeaders.epoch).first.flatMap(UInt64.init) ?? 0
    mayBegin = call.values(for: RelayHeaders.begin).first == "1"
  }

  var executor: any LoopExecutor { call.executor }
  var peerCertificate: PeerCertificate? { nil }
  var isHalfClosed: Bool { call.isHalfClosed }
  var queuedBytes: Int { call.queuedBytes }
  var timeRemaining: Duration? { call.timeRemaining }

  func values(for key: String) -> [String] { call.values(for: key) }
  /// The other replica tells its caller.
  func setInitialMetadata(_ metadata: Metadata) {}
  func startReading() { call.startReading() }
  func pauseReading() { call.pauseReading() }
  func send(_ message: [UInt8]) -> Bool { call.send(message) }

  func finish(_ status: RPCStatus, trailingMetadata: Metadata, lingering: Duration) {
    call.finish(status, trailingMetadata: [(RelayHeaders.relay, RelayHeaders.end)], lingering: lingering)
  }

  func turnAway(_ status: RPCStatus, trailingMetadata: Metadata) {
    call.turnAway(status, trailingMetadata: trailingMetadata)
  }

  /// Tells the other replica that the RPC is accepted: all that follows is the caller's.
  func accept() { _ = call.send([]) }

  /// The conversation that was asked for is here.
  func found(epoch: UInt64) {
    call.turnAway(
      .ok, trailingMetadata: [(RelayHeaders.relay, RelayHeaders.end), (RelayHeaders.epoch, "\(epoch)")])
  }

  /// Whether the conversation is this replica's is to be read first: the other has no word on it.
  func saysNothing() { call.turnAway(RPCStatus(.unavailable, "paused"), trailingMetadata: []) }

  /// The conversation is not here. The other replica, which waits for that alone, does not half-close before its caller
  /// does.
  func refuse(_ why: String) {
    call.turnAway(RPCStatus(.aborted, why), trailingMetadata: [(RelayHeaders.relay, why)])
  }
}
