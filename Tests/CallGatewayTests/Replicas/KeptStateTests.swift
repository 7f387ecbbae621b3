import BotEngine
import GRPCTransport
import Locking
import Ownership
import Testing
import WebexProtocol

@testable import CallGateway

@Suite("What a bot has kept for another server")
struct KeptStateTests {
  private let store = SaidStore()
  private let time = Locked(Duration.seconds(100))

  private func gateway(resumes: Bool = false) throws -> (test: TestGateway, keeper: OwnershipKeeper) {
    let (test, _, keeper) = try TestGateway.inCluster(
      store, time, others: [Replica(address: "10.0.0.2:50052", incarnation: "b")])
    test.bot.canResume.withLock { $0 = resumes }
    return (test, keeper)
  }

  private func begin(_ test: TestGateway) throws {
    let call = try test.call()
    call.send(message: VoiceRequest.start)
    call.halfClose()
    test.answer("hello")
    call.end(.completed)
  }

  private var written: [String] { store.written.withLock { $0.map(\.kept) } }

  /// The next RPC of a call that was another's.
  private func adopt(_ test: TestGateway, _ kept: String) throws -> FakeRPC {
    store.answers.withLock {
      $0 = [
        .success(.own(OwnershipRecord(owner: Replica(address: "a", incarnation: "a"), epoch: 2, turns: 3, kept: kept)))
      ]
    }
    let call = try test.call()
    call.send(message: VoiceRequest.of(.dtmf([.one])))
    call.halfClose()
    test.loops.settle()
    return call
  }

  @Test("is written with the call's record at once, where it has changed, and with each renewal")
  func written() async throws {
    let (test, keeper) = try gateway()
    try begin(test)
    #expect(written == [])
    test.bot(.keep("order"), .keep("order"), .keep("card"))
    #expect(written == ["-order", "-card"])
    await keeper.tend()
    #expect(written == ["-order", "-card", "-card"])
    test.bot(.keep(""))
    #expect(written.last == "" && written.count == 4)
  }

  @Test("is the next owner's, which keeps it until its bot has something else kept")
  func adopted() async throws {
    let (test, keeper) = try gateway()
    _ = try adopt(test, "-order")
    let info = try #require(test.bot.call?.info)
    #expect(info.kept == "order" && info.isResumed && info.epoch == 2 && info.formerTurns == 3)
    await keeper.tend()
    test.bot(.keep("person"))
    #expect(written == ["-order", "-person"])
  }

  @Test("goes with a call that is handed over")
  func handedOver() throws {
    let (test, _) = try gateway(resumes: true)
    try begin(test)
    test.bot(.keep("order"))
    test.advance(by: .seconds(1))
    test.gateway.registry.handOut()
    test.loops.settle()
    #expect(store.handedOut.withLock { $0.count } == 1 && written == ["-order", "-order"])
  }

  @Test("says whether what the caller says now is sensitive, so that it is from the first moment there")
  func sensitive() throws {
    let (test, _) = try gateway()
    try begin(test)
    test.bot(.sensitive(true), .keep("card"), .sensitive(false))
    #expect(written == ["scard", "-card"])
    let (other, _) = try gateway()
    let call = try adopt(other, "scard")
    #expect(other.bot.call?.info.kept == "card")
    other.answer("one")
    #expect(try call.responses.allSatisfy { $0.isInputSensitive } && !call.sent.isEmpty)
  }

  @Test("is nothing where it is too long, or is none of ours")
  func bounds() throws {
    let (test, _) = try gateway()
    try begin(test)
    let most = String(repeating: "x", count: BotCommand.maximumKept)
    test.bot(.keep(most), .keep(most + "x"))
    #expect(written == ["-" + most, ""])
    for text in ["", "-", "s", "order", "?order", "-" + most + "x"] { #expect(KeptState(text) == nil) }
    #expect(KeptState("-\u{301}x") == KeptState(bot: "\u{301}x", isSensitive: false))
    for kept in [KeptState(bot: "a", isSensitive: true), KeptState(bot: most, isSensitive: false)] {
      #expect(KeptState(kept.text) == kept)
    }
  }
}
