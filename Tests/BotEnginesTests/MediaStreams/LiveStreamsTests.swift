import Locking
import Testing

@testable import BotEngines

@Suite("Hanging up over REST")
struct LiveStreamsTests {
  @Test("ends the call of the id, for the right account and token only, while it is up")
  func completes() {
    let streams = LiveStreams()
    let ended = Locked(0)
    streams.add(.init(account: "AC1", token: "secret") { ended.withLock { $0 += 1 } }, id: "CA1")
    #expect(streams.complete(account: "AC1", call: "CA2", token: "secret") == .unknown)
    #expect(streams.complete(account: "AC2", call: "CA1", token: "secret") == .unknown)
    #expect(streams.complete(account: "AC1", call: "CA1", token: "wrong!") == .refused)
    #expect(ended.withLock { $0 } == 0)
    #expect(streams.complete(account: "AC1", call: "CA1", token: "secret") == .completed)
    #expect(streams.complete(account: "AC1", call: "CA1", token: nil) == .completed, "the admin port's own token")
    #expect(ended.withLock { $0 } == 2)
    streams.remove("CA1")
    #expect(streams.complete(account: "AC1", call: "CA1", token: "secret") == .unknown)
  }

  @Test("takes no token for a bot that was given none")
  func noToken() {
    let streams = LiveStreams()
    streams.add(.init(account: "AC1", token: nil) {}, id: "CA1")
    #expect(streams.complete(account: "AC1", call: "CA1", token: "") == .refused)
  }

  @Test("knows calls by ids of Twilio's form that differ each time")
  func identity() {
    let ids = (0..<100).map { _ in MediaStreamWriter.Identity(account: "AC1") }
    #expect(Set(ids.map(\.call)).count == 100 && Set(ids.map(\.stream)).count == 100)
    #expect(ids.allSatisfy { $0.call.count == 34 && $0.call.hasPrefix("CA") && $0.stream.hasPrefix("MZ") })
  }
}
