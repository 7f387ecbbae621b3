import GRPCTransport
import WebexProtocol

@testable import CallGateway

/// An RPC that another process has accepted and relays: bytes go through a queue each way, and nothing is decoded
/// there.
///
/// `@unchecked Sendable`: the test's thread alone touches it, as it does all of ``ManualLoops``.
final class OtherProcessRPC: IncomingRPC, CallHandler, @unchecked Sendable {
  private let front: FakeRPC
  private let back: ManualLoop
  private var handler: (any CallHandler)?
  private(set) var isHalfClosed = false
  let queuedBytes = 0
  let timeRemaining: Duration? = nil

  init(_ front: FakeRPC, to back: ManualLoop, _ service: any SessionService, _ method: SessionMethod) {
    self.front = front
    self.back = back
    back.execute { self.handler = service.accept(self, method) }
  }

  // MARK: From the process that relays

  func received(_ bytes: UnsafeRawBufferPointer) {
    let message = Array(bytes)
    back.execute { message.withUnsafeBytes { self.handler?.received($0) } }
  }

  func halfClosed() {
    back.execute {
      self.isHalfClosed = true
      self.handler?.halfClosed()
    }
  }

  func ended(_ end: RPCEnd) {
    back.execute {
      self.handler?.ended(end)
      self.handler = nil
    }
  }

  // MARK: To the process that relays

  var executor: any LoopExecutor { back }
  var peer: String { front.peer }
  var peerCertificate: PeerCertificate? { nil }
  func values(for key: String) -> [String] { front.values(for: key) }
  func setInitialMetadata(_ metadata: Metadata) { front.loop.execute { self.front.setInitialMetadata(metadata) } }
  func startReading() { front.loop.execute { self.front.startReading() } }
  func pauseReading() { front.loop.execute { self.front.pauseReading() } }
  func finish(_ status: RPCStatus, trailingMetadata: Metadata, lingering: Duration) {
    front.loop.execute { self.front.finish(status, trailingMetadata: trailingMetadata, lingering: lingering) }
  }

  func turnAway(_ status: RPCStatus, trailingMetadata: Metadata) {
    front.loop.execute { self.front.turnAway(status, trailingMetadata: trailingMetadata) }
  }

  func send(_ message: [UInt8]) -> Bool {
    front.loop.execute { _ = self.front.send(message) }
    return true
  }
}

/// A line in memory, without an RPC: the test speaks to the session itself.
final class MemoryLine: SessionLine {
  let id: RPCID
  let method: SessionMethod
  let authorization: String? = nil
  private let loops: ManualLoops
  private let session: any SessionHost
  private(set) var sent: [[UInt8]] = []
  private(set) var status: RPCStatus?

  /// Joins the session, which lives on the first loop.
  init(_ session: any SessionHost, id: UInt64, _ method: SessionMethod, _ loops: ManualLoops) {
    self.id = RPCID(id)
    self.method = method
    self.loops = loops
    self.session = session
    run { session.joined(self) }
  }

  private func run(_ work: () -> Void) { loops.run(on: loops.loops[0], work) }

  func say(_ message: [UInt8]) { run { message.withUnsafeBytes { session.received($0, from: id) } } }
  func halfClose() { run { session.halfClosed(id) } }
  func end(isDelivered: Bool) { run { session.left(id, isDelivered: isDelivered) } }

  func send(_ message: [UInt8]) { sent.append(message) }
  func finish(_ status: RPCStatus, lingering: Duration) { self.status = status }
  func pause(for time: Duration) {}
  func refuse(_ error: any Error) {
    status = error as? RPCStatus ?? RPCStatus(.invalidArgument, "\(error)")
    session.left(id, isDelivered: false)
  }

  /// The texts and events of what a conversation has sent.
  var told: [String] {
    get throws {
      try sent.map { try VoiceResponse(decoding: $0) }
        .flatMap { $0.prompts.compactMap(\.text) + $0.events.map { "\($0.kind)" } }
    }
  }
}
