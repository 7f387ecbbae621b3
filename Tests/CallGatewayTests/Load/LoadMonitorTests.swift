import Testing
import WebexProtocol

@testable import CallGateway

@Suite("LoadMonitor keeps new calls away while the server does not keep up, and says why")
struct LoadMonitorTests {
  @Test("so many new conversations as there is room for begin, more are refused and counted, live ones go on")
  func room() throws {
    let test = try TestGateway()
    let monitor: LoadMonitor = test.gateway.load
    func begin(_ conversation: String) throws -> FakeRPC {
      let rpc = try test.call()
      rpc.send(message: VoiceRequest.of(.none, conversation: conversation))
      return rpc
    }
    let live = try begin("c-1")
    #expect(monitor.reason == nil && test.gateway.loadReasons.isEmpty)
    monitor.set("callers are late", room: 1)
    #expect(test.gateway.loadReasons == ["callers are late"])
    #expect(try begin("c-2").status == nil)
    #expect(try begin("c-3").status?.code == .resourceExhausted)
    #expect(try begin("c-1").status == nil && live.status == nil)
    #expect(monitor.takeRefused() == 1 && monitor.takeRefused() == 0)
    monitor.set(nil, room: nil)
    #expect(try begin("c-3").status == nil)
    #expect(monitor.reason == nil && monitor.takeRefused() == 0)
  }
}
