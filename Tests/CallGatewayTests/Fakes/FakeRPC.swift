import GRPCTransport

@testable import CallGateway

/// An RPC in memory: what the client does is called, what the server does is noted.
final class FakeRPC: IncomingRPC {
  let loops: ManualLoops
  let loop: ManualLoop
  private let headers: [(String, String)]
  private var handler: (any CallHandler)?

  private(set) var sent: [[UInt8]] = []
  private(set) var status: RPCStatus?
  private(set) var initialMetadata: Metadata = []
  private(set) var isReading = false
  private(set) var isHalfClosed = false
  private(set) var lingering = Duration.zero
  private(set) var trailers: Metadata = []
  /// Whether the status waits for nothing of the client.
  private(set) var wasTurnedAway = false
  /// Whether what the server sends finds room.
  var hasRoom = true
  var queuedBytes = 0
  var timeRemaining: Duration?

  init(_ loops: ManualLoops, on loop: Int = 0, headers: [(String, String)]) {
    self.loops = loops
    self.loop = loops.loops[loop]
    self.headers = headers
  }

  // MARK: The client

  /// Begins, with the handler that the server makes of it.
  func begin(_ accept: (FakeRPC) -> any CallHandler) { loops.run(on: loop) { handler = accept(self) } }

  func send(message: [UInt8]) {
    loops.run(on: loop) { if status == nil { message.withUnsafeBytes { handler?.received($0) } } }
  }

  func halfClose() {
    loops.run(on: loop) {
      isHalfClosed = true
      if status == nil { handler?.halfClosed() }
    }
  }

  /// All that was sent has left.
  func drained() { loops.run(on: loop) { handler?.drained() } }

  /// The RPC is over: the status has arrived, or the client is gone.
  func end(_ end: RPCEnd) {
    loops.run(on: loop) {
      handler?.ended(end)
      handler = nil
    }
  }

  // MARK: The server

  var executor: any LoopExecutor { loop }
  var peer: String { "ipv4:192.0.2.1:50000" }
  var peerCertificate: PeerCertificate? { nil }

  func values(for key: String) -> [String] { headers.filter { $0.0 == key }.map(\.1) }
  func setInitialMetadata(_ metadata: Metadata) { initialMetadata = metadata }
  func startReading() { isReading = true }
  func pauseReading() { isReading = false }

  func send(_ message: [UInt8]) -> Bool {
    guard status == nil, hasRoom else { return false }
    sent.append(message)
    return true
  }

  func finish(_ status: RPCStatus, trailingMetadata: Metadata, lingering: Duration) {
    guard self.status == nil else { return }
    self.status = status
    trailers = trailingMetadata
    self.lingering = lingering
  }

  func turnAway(_ status: RPCStatus, trailingMetadata: Metadata) {
    guard self.status == nil else { return }
    wasTurnedAway = true
    finish(status, trailingMetadata: trailingMetadata, lingering: .zero)
  }
}
