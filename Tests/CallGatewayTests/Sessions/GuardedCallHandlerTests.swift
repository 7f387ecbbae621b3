import GRPCTransport
import Testing

@testable import CallGateway

@Suite("A GuardedCallHandler lets another service's RPC in when its token is accepted")
struct GuardedCallHandlerTests {
  /// The guarded service's own handler.
  private final class Inner: CallHandler {
    var notes: [String] = []
    func received(_ bytes: UnsafeRawBufferPointer) { notes.append("received") }
    func halfClosed() { notes.append("half-closed") }
    func drained() { notes.append("drained") }
    func ended(_ end: RPCEnd) { notes.append("ended \(end)") }
  }

  private let inner = Inner()

  private func begin(_ rpc: FakeRPC, _ test: TestGateway) -> GuardedCallHandler {
    let handler = GuardedCallHandler(rpc) { inner }
    test.loops.run(on: rpc.loop) { handler.begin(test.gateway) }
    return handler
  }

  @Test("with a good token of any schema it has all that happens")
  func good() throws {
    let test = try TestGateway()
    let handler = begin(try test.rpc(.audioForking), test)
    handler.halfClosed()
    handler.drained()
    handler.ended(.completed)
    #expect(inner.notes == ["half-closed", "drained", "ended completed"])
  }

  @Test("without one it is refused, and the service hears nothing of it")
  func bad() throws {
    let test = try TestGateway()
    let rpc = FakeRPC(test.loops, headers: [("authorization", "Bearer none")])
    let handler = begin(rpc, test)
    #expect(rpc.status == TokenGate.unauthenticated)
    handler.halfClosed()
    handler.ended(.completed)
    #expect(inner.notes.isEmpty)
  }

  @Test("what is gone before its keys have come is not let in")
  func gone() throws {
    let keys = SlowKeys()
    let test = try TestGateway(keys: keys)
    let gone = begin(try test.rpc(.voiceVirtualAgent), test)
    gone.ended(.cancelled)
    keys.arrive()
    test.loops.settle()
    gone.halfClosed()
    #expect(inner.notes.isEmpty)
  }

  @Test("what waits for its keys is let in when they come")
  func slow() throws {
    let keys = SlowKeys()
    let test = try TestGateway(keys: keys)
    let handler = begin(try test.rpc(.voiceVirtualAgent), test)
    handler.drained()
    #expect(inner.notes.isEmpty)
    keys.arrive()
    test.loops.settle()
    handler.drained()
    #expect(inner.notes == ["drained"])
  }

  @Test("a guarded method has the path and the bound on messages of its own")
  func method() throws {
    let method = ServerMethod(path: "/test.Other/Call", maximumMessageLength: 7) { _ in Inner() }
    let guarded = try TestGateway().gateway.guarded(method)
    #expect(guarded.path == "/test.Other/Call" && guarded.maximumMessageLength == 7)
  }
}
