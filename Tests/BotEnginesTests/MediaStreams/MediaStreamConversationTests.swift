import AudioCodecs
import BotEngine
import JSONText
import Testing
import WebSocketClient
import WebSockets

@testable import BotEngines

@Suite("A call on the wire of Media Streams")
struct MediaStreamConversationTests {
  private func conversation(isHeardAtOnce: Bool = true) -> MediaStreamConversation {
    MediaStreamConversation(
      identity: .init(account: "AC1"), turnSilence: .milliseconds(700), isHeardAtOnce: isHeardAtOnce, now: .zero)
  }

  private func media(_ milliseconds: Int) -> MediaStreamMessage {
    .media([UInt8](repeating: 0x55, count: 8 * milliseconds))
  }

  private func events(_ actions: [MediaStreamConversation.Action]) throws -> [String] {
    try actions.compactMap {
      switch $0 {
      case .send(let bytes), .sendAudio(let bytes): try JSONDocument(bytes).root["event"]?.string
      case .command(let command): Mirror(reflecting: command).children.first?.label ?? "\(command)"
      case .fail(let failure): failure.kind.rawValue
      case .finish: "finish"
      }
    }
  }

  @Test("begins with who calls, and numbers what follows")
  func begins() throws {
    var call = conversation()
    let messages = call.begin(parameters: [("line", "sales")]).compactMap { action -> JSONElement? in
      guard case .send(let bytes) = action else { return nil }
      return try? JSONDocument(bytes).root
    }
    #expect(messages.count == 2 && messages[0]["event"]?.isString("connected") == true)
    #expect(messages[0]["sequenceNumber"] == nil)
    #expect(messages[1]["sequenceNumber"]?.isString("1") == true)
    #expect(messages[1]["start"]?["customParameters"]?["line"]?.isString("sales") == true)
    #expect(messages[1]["start"]?["mediaFormat"]?["sampleRate"]?.kind == .number)
    guard case .send(let digit)? = call.receive(.digits("7"), now: .zero).first else { throw Failed() }
    #expect(try JSONDocument(digit).root["sequenceNumber"]?.isString("2") == true)
  }

  @Test("ends the bot's turn when its words were heard and nothing followed")
  func turnEnds() throws {
    var call = conversation()
    #expect(try events(call.receive(media(1000), now: .seconds(1))) == ["audio"])
    #expect(try !events(call.tick(now: .milliseconds(2699))).contains("endTurn"))
    #expect(try events(call.tick(now: .milliseconds(2700))).contains("endTurn"))
    #expect(try !events(call.tick(now: .milliseconds(9000))).contains("endTurn"), "once")
  }

  @Test("drops what the bot says before it can know of an interruption, and nothing after it has cleared")
  func interrupted() throws {
    var call = conversation()
    _ = call.receive(media(5000), now: .zero)
    #expect(call.receive(.interrupted(playedMilliseconds: 900), now: .seconds(1)).isEmpty, "nobody asked to be told")
    #expect(call.receive(media(20), now: .seconds(1)).isEmpty)
    #expect(try events(call.receive(.mark("late"), now: .seconds(1))) == ["mark"], "a mark of dropped audio comes back")
    #expect(call.droppedAudio == 1)
    #expect(try events(call.receive(.clear, now: .seconds(1))) == ["clear"])
    #expect(try events(call.receive(media(20), now: .seconds(1))) == ["audio"])
  }

  @Test("hears a bot again that never clears, once the caller has finished")
  func neverClears() throws {
    var call = conversation()
    _ = call.receive(media(5000), now: .zero)
    _ = call.receive(.interrupted(playedMilliseconds: 900), now: .seconds(1))
    _ = call.receive(.speechEnded(offset: 3000), now: .seconds(3))
    #expect(try events(call.receive(media(20), now: .seconds(3))) == ["audio"])
  }

  /// What the bot says to keys is on its way when the caller speaks on; a half-close ends these words at once.
  private func spokenOver(_ call: inout MediaStreamConversation) throws {
    _ = call.receive(.subscribe([.speech, .digits]), now: .zero)
    _ = call.receive(.digits("7"), now: .seconds(1))
    _ = call.receive(.interrupted(playedMilliseconds: 0), now: .milliseconds(1003))
    _ = call.receive(.speechStarted(offset: 900), now: .milliseconds(1003))
  }

  @Test("an answer that is dropped takes its endTurn with it, although the caller has finished meanwhile")
  func endOfDropped() throws {
    var call = conversation()
    try spokenOver(&call)
    #expect(call.receive(media(200), now: .milliseconds(1010)).isEmpty)
    #expect(try events(call.receive(.speechEnded(offset: 910), now: .milliseconds(1012))) == ["speech"])
    #expect(call.receive(.endTurn(nil), now: .milliseconds(1013)).isEmpty, "the words are not answered yet")
    #expect(try events(call.receive(media(200), now: .milliseconds(1030))) == ["audio"])
    #expect(try events(call.receive(.endTurn(nil), now: .milliseconds(1031))) == ["endTurn"])
  }

  @Test("drops the endTurn of an answer that is dropped whole, with its settings")
  func endWhileDeaf() throws {
    var call = conversation()
    try spokenOver(&call)
    #expect(call.receive(media(200), now: .milliseconds(1010)).isEmpty)
    #expect(call.receive(.endTurn(BotInputSettings(mode: .digits)), now: .milliseconds(1011)).isEmpty)
    _ = call.receive(.speechEnded(offset: 910), now: .milliseconds(1012))
    #expect(try events(call.receive(.endTurn(nil), now: .milliseconds(1030))) == ["endTurn"], "a bare one is an answer")
  }

  @Test("an endTurn is the new answer's behind audio of it, a clear, an endInput, or long after what was dropped")
  func ownEnd() throws {
    func dropped() throws -> MediaStreamConversation {
      var call = conversation()
      try spokenOver(&call)
      _ = call.receive(media(200), now: .milliseconds(1010))
      return call
    }
    for said in [media(20), .clear, .endInput] {
      var call = try dropped()
      _ = call.receive(.speechEnded(offset: 910), now: .milliseconds(1012))
      _ = call.receive(said, now: .milliseconds(1020))
      #expect(try events(call.receive(.endTurn(nil), now: .milliseconds(1020))) == ["endTurn"])
    }
    var late = try dropped()
    _ = late.receive(.speechEnded(offset: 1400), now: .milliseconds(1500))
    #expect(try events(late.receive(.endTurn(nil), now: .milliseconds(1600))) == ["endTurn"])
  }

  @Test("gives the turn back where this wire has no word for what happened, unless the bot has asked to be told")
  func extras() throws {
    var call = conversation()
    #expect(try events(call.receive(.noInput, now: .zero)) == ["endTurn"])
    #expect(try events(call.receive(.custom(name: "x", parameters: [:]), now: .zero)) == ["endTurn"])
    _ = call.receive(.subscribe([.noInput, .custom, .interrupted, .digits, .speech]), now: .zero)
    #expect(try events(call.receive(.noInput, now: .zero)) == ["noInput"])
    #expect(try events(call.receive(.custom(name: "x", parameters: ["a": .number(1)]), now: .zero)) == ["custom"])
    #expect(try events(call.receive(.interrupted(playedMilliseconds: 1), now: .zero)) == ["interrupted"])
    #expect(try events(call.receive(.digits("12"), now: .zero)) == ["dtmf", "dtmf", "digits"])
    #expect(try events(call.receive(.speechStarted(offset: 1), now: .zero)) == ["speech"])
  }

  @Test("asks for no second greeting")
  func greetedOnce() throws {
    var call = conversation()
    #expect(call.receive(.started, now: .zero).isEmpty)
    #expect(try events(call.receive(.started, now: .seconds(1))) == ["endTurn"])
  }

  @Test("takes a long announcement at once, and gives up a bot that floods")
  func floods() throws {
    var call = conversation()
    #expect(try events(call.receive(media(90_000), now: .zero)) == ["audio"])
    let later = try (0..<600).map { try events(call.receive(media(2_000), now: .milliseconds($0))) }
    #expect(later.firstIndex(of: ["flooded"]).map { $0 > 540 } == true)
  }

  @Test("lets a bot go on that speaks for long, but not faster than speech is made")
  func longAnswer() throws {
    var call = conversation()
    for tenth in 0..<3000 {
      let actions = try events(call.receive(media(400), now: .milliseconds(100 * tenth)))
      #expect(actions.first == "audio")
    }
  }

  @Test(
    "passes over what means nothing here, as Twilio does",
    arguments: [
      "{}", #"{"label":"rtvi-ai","type":"bot-ready","id":"1"}"#, #"{"event":"hello"}"#, #"{"event":null}"#,
      #"{"event":"mark","streamSid":"MZ1"}"#, #"{"event":"mark","mark":{}}"#,
      #"{"event":"media","media":{"payload":"*"}}"#,
      #"{"event":"transcript"}"#, "[]", "7", "no JSON",
    ])
  func nonsense(text: String) throws {
    var call = conversation()
    let message = WebSocketMessage(kind: .text, bytes: Array(text.utf8))
    for second in 0..<600 {
      let actions = call.receive(message, now: .seconds(second))
      #expect(actions.isEmpty)
    }
    // Hundreds in one turn, at once.
    for _ in 0..<400 {
      let actions = call.receive(message, now: .seconds(600))
      #expect(actions.isEmpty)
    }
    #expect(call.ignored == 1000)
    #expect(try events(call.receive(media(20), now: .seconds(600))) == ["audio"])
  }

  @Test("gives up a bot that sends nothing else without an end")
  func garbage() throws {
    var call = conversation()
    let message = WebSocketMessage(kind: .text, bytes: [0xFF, 0])
    let last = try (0..<5_000).map { try events(call.receive(message, now: .milliseconds($0 / 10))) }
    #expect(last.firstIndex(of: ["garbage"]).map { $0 > 4_000 } == true)
    var slow = conversation()
    let all = try (0..<20_000).map { try events(slow.receive(message, now: .milliseconds($0 * 10))) }
    #expect(Array(all.joined()).isEmpty, "a hundred a second cost their reading")
  }

  @Test("does not take for silence that the bot is made to wait")
  func heldUp() throws {
    var call = conversation(isHeardAtOnce: false)
    _ = call.receive(media(30_000), now: .seconds(1))
    let held = try (2...9).map { try events(call.tick(now: .seconds($0), isHeldUp: true)) }
    #expect(!held.joined().contains("endTurn"))
    #expect(try events(call.tick(now: .milliseconds(9_700))).contains("endTurn"))
  }

  @Test("stops with the call")
  func stops() throws {
    var call = conversation()
    #expect(try events(call.receive(.ended(.hangup), now: .zero)) == ["stop", "finish"])
  }

  /// A bot that asked to be told, and a caller who paused.
  private func paused() throws -> MediaStreamConversation {
    var call = conversation()
    #expect(!call.acceptsGuesses)
    _ = call.receive(.subscribe([.turnMayBeOver]), now: .zero)
    #expect(call.acceptsGuesses)
    _ = call.receive(.speechStarted(offset: 0), now: .zero)
    #expect(try events(call.receive(TurnEvent.mayBeOver(offset: 900), now: .seconds(1))) == ["turnMayBeOver"])
    return call
  }

  @Test("tells a bot that asks for it that a turn may be over, and that it is; the answer's silence begins then")
  func eager() throws {
    var call = try paused()
    #expect(try events(call.receive(media(500), now: .milliseconds(1100))) == ["audio"])
    #expect(try !events(call.tick(now: .seconds(9))).contains("endTurn"), "what is held has not been heard")
    #expect(try events(call.receive(TurnEvent.over(offset: 900), now: .seconds(10))) == ["turnOver"])
    #expect(try !events(call.tick(now: .milliseconds(11_199))).contains("endTurn"))
    #expect(try events(call.tick(now: .milliseconds(11_200))).contains("endTurn"))
  }

  @Test("drops what still comes of an answer once the caller goes on, until the next guess or the bot's clear")
  func resumed() throws {
    for clears in [true, false] {
      var call = try paused()
      _ = call.receive(.settings(nil, isSensitive: nil, bargeIn: false), now: .seconds(1))
      _ = call.receive(media(500), now: .seconds(1))
      #expect(try events(call.receive(TurnEvent.resumed, now: .seconds(2))) == ["turnResumed"])
      #expect(call.receive(media(500), now: .seconds(2)).isEmpty)
      if clears {
        #expect(try events(call.receive(.clear, now: .seconds(2))) == ["clear"])
      } else {
        _ = call.receive(TurnEvent.mayBeOver(offset: 1900), now: .seconds(2))
      }
      let heard = call.receive(media(500), now: .seconds(2))
      guard case .command(.audio(let audio))? = heard.first else { throw Failed() }
      #expect(audio.bargeIn, "what the dropped answer asked for is gone with it")
    }
  }

  @Test("a bot may say that the caller has finished, and is heard from then on")
  func endInput() throws {
    var call = conversation()
    _ = call.receive(media(5000), now: .zero)
    _ = call.receive(.interrupted(playedMilliseconds: 900), now: .seconds(1))
    let message = try MediaStreamMessage(Array(#"{"event":"endInput","streamSid":"MZ1"}"#.utf8))
    #expect(try events(call.receive(message, now: .seconds(2))) == ["endInput"])
    #expect(try events(call.receive(media(20), now: .seconds(2))) == ["audio"])
  }

  struct Failed: Error {}
}
