import AudioCodecs
import BotEngine
import Foundation
import Locking
import SpeechDetection
import Testing
import WebexProtocol

@testable import CallGateway

@Suite("Eager ends at the gateway: the answer is prepared in the caller's silence, and held")
struct EagerEndTests {
  /// A call whose caller says a word, pauses for 400 ms, says another and waits.
  private static func line() throws -> [UInt8] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/CDemoVoice/Voice")
    func word(_ name: String) throws -> [Int16] {
      let samples = try WAVFile(parsing: Array(Data(contentsOf: folder.appending(path: "\(name).wav")))).samples(
        at: 8000)
      let first = samples.firstIndex { abs(Int($0)) > 600 } ?? 0
      let last = samples.lastIndex { abs(Int($0)) > 600 } ?? 0
      return Array(samples[first...last])
    }
    func silence(_ milliseconds: Int) -> [Int16] { [Int16](repeating: 0, count: milliseconds * 8) }
    let samples = try silence(400) + word("digit-7") + silence(420) + word("good-bye") + silence(1200)
    return AudioEncoding.mulaw.encode(samples)
  }

  /// Plays the line in real time; `onGuess` is called when the bot is told that the turn may be over, with its number.
  private func play(
    _ test: TestGateway, greeted: Bool = false, answersFirstWord: Bool = false, _ onGuess: (Int) -> Void = { _ in }
  ) throws -> (rpc: FakeRPC, toldBeforeTheEnd: [String]) {
    if !greeted {
      let greeting = try test.call()
      greeting.send(message: VoiceRequest.start)
      test.answer("hello")
      greeting.halfClose()
      greeting.end(.completed)
    }
    let rpc = try test.call()
    let line = try Self.line()
    var guesses = 0
    var before: [String] = []
    for start in stride(from: 0, to: line.count - 159, by: 160) where rpc.status == nil {
      let frame = Array(line[start..<start + 160])
      rpc.send(message: VoiceRequest.of(.audio(.init(bytes: frame, encoding: .mulaw, sampleRate: 8000))))
      let heard = test.bot.heard.filter { $0.hasPrefix("turn may") }.count
      if heard > guesses {
        guesses = heard
        onGuess(guesses)
      }
      if answersFirstWord, told(test) == ["speech started"] {
        // The second command is of a turn that the first has ended.
        test.bot(.text("one", bargeIn: true), .text("two", bargeIn: true), .endTurn(nil))
      }
      if !(try rpc.told.contains("endOfInput")) { before = try rpc.told }
      test.advance(by: .milliseconds(20))
    }
    return (rpc, before)
  }

  /// What the bot was told of the caller's turn, without where.
  private func told(_ test: TestGateway) -> [String] {
    test.bot.heard.filter { $0.hasPrefix("speech") || $0.hasPrefix("turn") }.map {
      $0.split(separator: "(").first.map { $0.trimmingCharacters(in: .whitespaces) } ?? ""
    }
  }

  @Test("a wrong guess is dropped with its transfer; the answer to the right one leaves with the turn's end")
  func heldAndLetGo() throws {
    let test = try TestGateway(conversation: .init(mode: .chunk), speech: EndpointingSettings(eagerSilence: 250))
    let (rpc, before) = try play(test) { guess in
      if guess == 1 { test.bot(.text("wrong", bargeIn: true), .transfer(summary: nil, metadata: [:])) }
      if guess == 2 { test.answer("right") }
    }
    #expect(told(test) == ["speech started", "turn may be over", "turn resumed", "turn may be over", "turn over"])
    #expect(before == ["startOfInput"])
    #expect(try rpc.told == ["startOfInput", "endOfInput", "right"])
    #expect(rpc.status == .ok)
    #expect(test.gateway.liveConversations == 1)
  }

  @Test("what the bot has kept for a wrong guess is not, nor for the right one before the turn is over")
  func kept() throws {
    let store = SaidStore()
    let (test, _, _) = try TestGateway.inCluster(
      store, Locked(.seconds(100)), conversation: .init(mode: .chunk), speech: EndpointingSettings(eagerSilence: 250))
    var written: [[String]] = []
    _ = try play(test) { guess in
      test.bot(.text("answer", bargeIn: true), .keep("guess \(guess)"), .endTurn(nil))
      written.append(store.written.withLock { $0.map(\.kept) })
    }
    #expect(written == [[], []] && store.written.withLock { $0.map(\.kept) } == ["-guess 2"])
  }

  @Test("an engine that is told of no guess is told what it always was")
  func without() throws {
    let test = try TestGateway(conversation: .init(mode: .chunk))
    _ = try play(test)
    #expect(told(test) == ["speech started", "speech ended"])
  }

  @Test("the bot may end the turn itself while its answer is held")
  func endedByTheBot() throws {
    let test = try TestGateway(conversation: .init(mode: .chunk), speech: EndpointingSettings(eagerSilence: 250))
    let (rpc, _) = try play(test) { _ in
      test.answer("early")
      test.bot(.endInput)
    }
    #expect(told(test) == ["speech started", "turn may be over", "turn over"])
    #expect(try rpc.told == ["startOfInput", "endOfInput", "early"])
  }

  @Test("a bot that is not told of guesses is heard as it was before there were any")
  func declined() throws {
    let test = try TestGateway(conversation: .init(mode: .chunk), speech: EndpointingSettings(eagerSilence: 250))
    let greeting = try test.call()
    greeting.send(message: VoiceRequest.start)
    test.bot.call?.events.acceptsGuesses = false
    test.answer("hello")
    greeting.halfClose()
    greeting.end(.completed)
    _ = try play(test, greeted: true)
    #expect(told(test) == ["speech started", "speech ended"])
  }

  @Test("where the agent says so, the bot's first words end the turn, and all of them are heard")
  func endedByTheAnswer() throws {
    var settings = ConversationStateMachine.Settings(mode: .chunk)
    settings.botEndsTurn = true
    let test = try TestGateway(conversation: settings)
    let (rpc, _) = try play(test, answersFirstWord: true)
    #expect(told(test) == ["speech started", "speech ended"])
    #expect(try rpc.told == ["startOfInput", "endOfInput", "one", "two"])
    #expect(rpc.status == .ok)
  }
}
