import GRPCTransport
import Locking
import TokenVerification
import WebexProtocol

@testable import CallGateway

/// A session that notes what it is told, and a service that brings every RPC to it.
///
/// `@unchecked Sendable`: the test's thread alone touches it, as it does all of ``ManualLoops``.
final class NotedSession: SessionHost, SessionService, @unchecked Sendable {
  private let gateway: VoiceGateway
  private let loop: ManualLoop
  let openCalls = OpenCount()
  var maximumCalls = 2
  private(set) var notes: [String] = []
  private(set) var line: (any SessionLine)?
  /// What becomes of an RPC's first message, where it does not join.
  var refusal: RPCStatus?
  private var bound: LoopBound<any SessionHost>?

  /// A session on one of the loops, by its number, with the gate and the limits of a gateway.
  init(_ gateway: VoiceGateway, on number: Int, of loops: ManualLoops) {
    self.gateway = gateway
    loop = loops.loops[number]
    bound = loops.run(on: loop) { LoopBound(self, loop: loop) }
  }

  var gate: TokenGate { gateway.gate }
  var limits: GatewayLimits { gateway.limits }

  func session(
    for call: SessionCall, first bytes: UnsafeRawBufferPointer, _ identity: Identity
  ) throws -> LoopBound<any SessionHost>? {
    if let refusal { throw refusal }
    return bound
  }

  // MARK: The session

  func joined(_ line: any SessionLine) {
    loop.preconditionIsCurrent()
    self.line = line
    notes.append("joined")
  }

  func received(_ bytes: UnsafeRawBufferPointer, from rpc: RPCID) {
    loop.preconditionIsCurrent()
    notes.append("received \(Array(bytes))")
  }

  func halfClosed(_ rpc: RPCID) {
    loop.preconditionIsCurrent()
    notes.append("half-closed")
  }

  func left(_ rpc: RPCID, isDelivered: Bool) {
    loop.preconditionIsCurrent()
    notes.append(isDelivered ? "left, delivered" : "left")
  }
}

/// Keys that have to be fetched, until they arrive.
final class SlowKeys: KeySource {
  private let arrived: AsyncStream<Void>
  private let arrival: AsyncStream<Void>.Continuation
  private let hasArrived = Locked(false)

  init() { (arrived, arrival) = AsyncStream.makeStream() }

  private func known(_ issuer: String, _ keyID: String) -> KeyLookup {
    (try? TestGateway.issuer.get().keySource.lookup(issuer: issuer, keyID: keyID)) ?? .unavailable
  }

  func lookup(issuer: String, keyID: String) -> KeyLookup {
    hasArrived.withLock { $0 } ? known(issuer, keyID) : .pending
  }

  func fetch(issuer: String, keyID: String) async -> KeyLookup {
    for await _ in arrived {}
    return known(issuer, keyID)
  }

  func arrive() {
    hasArrived.withLock { $0 = true }
    arrival.finish()
  }
}
