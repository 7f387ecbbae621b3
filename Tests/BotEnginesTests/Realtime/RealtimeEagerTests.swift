import BotEngine
import JSONText
import Testing

@testable import BotEngines

@Suite("Turns that may be over, on the wire of the Realtime events")
struct RealtimeEagerTests {
  private static let endpoint = BotEndpoint(url: "ws://127.0.0.1:1/", host: "127.0.0.1", port: 1, isSecure: false)

  /// A server that has greeted, and a caller who has said so much, in milliseconds.
  private func speaking(_ milliseconds: Int = 400) throws -> RealtimeConversation {
    var settings = RealtimeSettings(endpoint: Self.endpoint)
    settings.isEager = true
    var call = RealtimeConversation(try RealtimeSession(settings), isHeardAtOnce: true)
    _ = call.receive(.started)
    _ = try call.hear(#"{"type":"session.updated","session":{}}"#)
    _ = try call.hear(Self.created("r1"))
    _ = try call.hear(Self.done("r1"))
    _ = call.receive(.speechStarted(offset: 0))
    call.say(milliseconds)
    return call
  }

  /// The same, whose turn may be over, and whose early commit is the item `u1`.
  private func guessed() throws -> RealtimeConversation {
    var call = try speaking()
    let sent = call.receive(TurnEvent.mayBeOver(offset: 400), now: .zero).sent
    #expect(sent.types == ["input_audio_buffer.commit", "response.create"])
    _ = try call.hear(#"{"type":"input_audio_buffer.committed","item_id":"u1"}"#)
    return call
  }

  private static func created(_ id: String) -> String { #"{"type":"response.created","response":{"id":"\#(id)"}}"# }

  private static func done(_ id: String, _ status: String = "completed", output: String = "") -> String {
    #"{"type":"response.done","response":{"id":"\#(id)","status":"\#(status)","output":[\#(output)]}}"#
  }

  private static func added(_ item: String, to response: String) -> String {
    #"{"type":"response.output_item.added","response_id":"\#(response)","item":{"id":"\#(item)"}}"#
  }

  private static func audio(_ response: String) -> String {
    #"{"type":"response.output_audio.delta","response_id":"\#(response)","item_id":"a1","delta":"////"}"#
  }

  private static func call(_ name: String) -> String {
    #"{"id":"f1","type":"function_call","call_id":"c1","name":"\#(name)","arguments":"{}"}"#
  }

  @Test("the turn is over: the response goes on, and nothing is asked for anew")
  func used() throws {
    var call = try guessed()
    _ = try call.hear(Self.created("r2"))
    #expect(try call.hear(Self.audio("r2")).commands == ["audio"])
    #expect(call.receive(TurnEvent.over(offset: 400), now: .milliseconds(450)).isEmpty)
    #expect(try call.hear(Self.audio("r2")).commands == ["audio"])
    #expect(try call.hear(Self.done("r2")).commands == ["endTurn"])
    // The next turn takes nothing back of this one.
    _ = call.receive(.speechStarted(offset: 900))
    call.say(400)
    _ = call.receive(TurnEvent.mayBeOver(offset: 1300), now: .seconds(2))
    #expect(!call.receive(TurnEvent.resumed, now: .seconds(2)).sent.contains { $0["item_id"]?.isString("u1") == true })
  }

  @Test("the caller goes on: the response is cancelled, its items and the commit's go, and the turn is one commit")
  func resumed() throws {
    var call = try guessed()
    _ = try call.hear(Self.created("r2"))
    _ = try call.hear(Self.added("a1", to: "r2"))
    call.say(100)
    let sent = call.receive(TurnEvent.resumed, now: .zero).sent
    #expect(
      sent.types == [
        "response.cancel", "conversation.item.delete", "input_audio_buffer.clear", "input_audio_buffer.append",
      ])
    #expect(sent[0]["response_id"]?.isString("r2") == true && sent[1]["item_id"]?.isString("u1") == true)
    #expect(sent[3]["audio"]?.base64?.count == 4000, "all of the turn so far, from its beginning")
    #expect(try call.hear(Self.audio("r2")).isEmpty, "what still comes of it is not heard")
    let late = #"{"type":"response.output_audio_transcript.done","response_id":"r2","transcript":"No."}"#
    #expect(try call.hear(late).isEmpty)
    let heard = #"{"type":"conversation.item.input_audio_transcription.completed","item_id":"u1","transcript":"a"}"#
    #expect(try call.hear(heard).isEmpty)
    let done = try call.hear(Self.done("r2", "cancelled", output: #"{"id":"a1"},{"id":"a2"}"#)).sent
    #expect(done.types == ["conversation.item.delete", "conversation.item.delete"])
    #expect(done.compactMap { $0["item_id"]?.string } == ["a1", "a2"])
    call.say(300)
    let ended = call.receive(.speechEnded(offset: 900)).sent
    #expect(ended.types == ["input_audio_buffer.commit", "response.create"])
  }

  @Test("a second guess asks for its response when the first one's is gone")
  func twice() throws {
    var call = try guessed()
    _ = try call.hear(Self.created("r2"))
    _ = call.receive(TurnEvent.resumed, now: .zero)
    call.say(300)
    #expect(call.receive(TurnEvent.mayBeOver(offset: 800), now: .zero).sent.types == ["input_audio_buffer.commit"])
    _ = try call.hear(#"{"type":"input_audio_buffer.committed","item_id":"u2"}"#)
    #expect(try call.hear(Self.done("r2", "cancelled")).sent.types == ["response.create"])
    _ = try call.hear(Self.created("r3"))
    #expect(try call.hear(Self.audio("r3")).commands == ["audio"])
    let deleted = call.receive(TurnEvent.resumed, now: .zero).sent.filter { $0["item_id"] != nil }
    #expect(deleted.compactMap { $0["item_id"]?.string } == ["u2"])
  }

  @Test("ids that come after the caller went on are deleted as they come")
  func lateIDs() throws {
    var call = try speaking()
    _ = call.receive(TurnEvent.mayBeOver(offset: 400), now: .zero)
    let sent = call.receive(TurnEvent.resumed, now: .zero).sent
    #expect(sent.types == ["response.cancel", "input_audio_buffer.append"] && sent[0]["response_id"] == nil)
    let committed = try call.hear(#"{"type":"input_audio_buffer.committed","item_id":"u1"}"#).sent
    #expect(committed.types == ["conversation.item.delete"] && committed[0]["item_id"]?.isString("u1") == true)
    _ = try call.hear(Self.created("r2"))
    #expect(try call.hear(Self.added("a1", to: "r2")).isEmpty, "not before the response is done")
    #expect(call.tick(now: .milliseconds(500)).sent.compactMap { $0["item_id"]?.string } == ["a1"])
    #expect(try call.hear(Self.added("a2", to: "r2")).sent.compactMap { $0["item_id"]?.string } == ["a2"])
    #expect(
      try call.hear(Self.done("r2", "cancelled", output: #"{"id":"a1"},{"id":"a2"}"#)).isEmpty,
      "nothing is deleted twice")
  }

  @Test("a response that is done already is deleted at once")
  func doneBefore() throws {
    var call = try guessed()
    _ = try call.hear(Self.created("r2"))
    #expect(try call.hear(Self.done("r2", output: #"{"id":"a1"}"#)).commands == ["endTurn"])
    let sent = call.receive(TurnEvent.resumed, now: .zero).sent
    #expect(sent.types.prefix(2) == ["conversation.item.delete", "conversation.item.delete"])
    #expect(sent.compactMap { $0["item_id"]?.string } == ["u1", "a1"])
  }

  @Test("no function is carried out before the turn is over, and none at all where the caller goes on")
  func functions() throws {
    for name in ["transfer_to_agent", "end_call", "collect_digits", "fly_away"] {
      var call = try guessed()
      _ = try call.hear(Self.created("r2"))
      #expect(try call.hear(Self.done("r2", output: Self.call(name))).isEmpty)
      var other = call
      let carriedOut = call.receive(TurnEvent.over(offset: 400), now: .milliseconds(450))
      switch name {
      case "transfer_to_agent": #expect(carriedOut.commands == ["transfer"])
      case "end_call": #expect(carriedOut.commands == ["end"])
      case "collect_digits": #expect(carriedOut.commands == ["endTurn"])
      default: #expect(carriedOut.sent.types == ["conversation.item.create", "response.create"])
      }
      let dropped = other.receive(TurnEvent.resumed, now: .zero)
      #expect(dropped.commands.isEmpty && !dropped.sent.types.contains("conversation.item.create"))
      #expect(dropped.sent.compactMap { $0["item_id"]?.string } == ["u1", "f1"])
      #expect(other.collecting == nil)
      #expect(other.receive(TurnEvent.over(offset: 900), now: .seconds(1)).commands.isEmpty, "nor later")
    }
  }

  @Test("a turn too short to commit, one too long to be taken back, and one without eager ends wait for their end")
  func unguessed() throws {
    var short = try speaking(80)
    #expect(short.receive(TurnEvent.mayBeOver(offset: 80), now: .zero).isEmpty)
    #expect(short.receive(TurnEvent.resumed, now: .zero).isEmpty)
    var long = try speaking(30_000)
    #expect(!long.guesses.pieces.isEmpty)
    long.say(20)
    #expect(long.receive(TurnEvent.mayBeOver(offset: 30_000), now: .zero).isEmpty && long.guesses.pieces.isEmpty)
    #expect(
      long.receive(TurnEvent.over(offset: 30_000), now: .zero).sent.types == [
        "input_audio_buffer.commit", "response.create",
      ])
    var plain = RealtimeConversation(
      try RealtimeSession(RealtimeSettings(endpoint: Self.endpoint)), isHeardAtOnce: true)
    _ = try plain.hear(#"{"type":"session.updated","session":{}}"#)
    _ = plain.receive(.speechStarted(offset: 0))
    plain.say(400)
    #expect(plain.guesses.pieces.isEmpty)
    #expect(plain.receive(TurnEvent.mayBeOver(offset: 400), now: .zero).isEmpty)
  }

  @Test("a turn is appended anew in events of at most 64 KB, and in its order")
  func pieces() throws {
    var call = try speaking(10)
    for _ in 0..<20 { call.say(1_000) }
    _ = call.receive(TurnEvent.mayBeOver(offset: 400), now: .zero)
    let sent = call.receive(TurnEvent.resumed, now: .zero).sent.filter { $0["audio"] != nil }
    let sizes = sent.compactMap { $0["audio"]?.base64?.count }
    #expect(sizes == [48_000, 48_000, 48_000, 16_080])
  }

  @Test("a server that the agent lets end turns does so by an answer without a word too")
  func endsTurns() throws {
    var settings = RealtimeSettings(endpoint: Self.endpoint)
    settings.endsTurns = true
    let text = #"{"audio":{"input":{"turn_detection":{"type":"semantic_vad"}}}}"#
    var call = RealtimeConversation(try RealtimeSession(settings, over: text), isHeardAtOnce: true)
    _ = try call.hear(#"{"type":"session.updated","session":{}}"#)
    _ = try call.hear(Self.created("r1"))
    #expect(try call.hear(Self.done("r1", output: Self.call("collect_digits"))).commands == ["endInput", "endTurn"])
  }
}

extension RealtimeConversation {
  /// The caller says something.
  fileprivate mutating func say(_ milliseconds: Int) {
    _ = receive(
      .audio(CallerAudio(samples: [Int16](repeating: 99, count: milliseconds * 8), sampleRate: 8000, offset: 0)))
  }
}
