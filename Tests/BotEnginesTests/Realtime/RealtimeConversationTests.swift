import BotEngine
import JSONText
import Testing

@testable import BotEngines

@Suite("A call on the wire of the Realtime events")
struct RealtimeConversationTests {
  private func conversation(
    format: RealtimeSettings.Format = .pcmu, greeting: String? = nil, session: String? = nil
  ) throws -> RealtimeConversation {
    var settings = RealtimeSettings(endpoint: .local)
    settings.instructions = "Be kind."
    settings.greeting = greeting
    settings.format = format
    return RealtimeConversation(try RealtimeSession(settings, over: session), isHeardAtOnce: true)
  }

  /// A conversation whose session stands and whose greeting is under way.
  private func greeted() throws -> RealtimeConversation { try .greeted() }

  @Test("asks for a session in the format, without the server's turn detection, with its tools")
  func session() throws {
    let call = try conversation(format: .pcm)
    let update = try #require(call.begin().sent.first)
    #expect(update["type"]?.isString("session.update") == true)
    let session = update["session"]
    #expect(session?["type"]?.isString("realtime") == true)
    #expect(session?["instructions"]?.isString("Be kind.") == true)
    #expect(session?["audio"]?["input"]?["format"]?["rate"]?.int == 24_000)
    #expect(session?["audio"]?["input"]?["turn_detection"]?.kind == .null)
    #expect(session?["audio"]?["output"]?["format"]?["type"]?.isString("audio/pcm") == true)
    #expect(
      session?["tools"]?.elements.compactMap { $0["name"]?.string } == [
        "transfer_to_agent", "end_call", "collect_digits",
      ])
  }

  @Test("lays the configuration's session over its own")
  func overlay() throws {
    let text = #"{"temperature":0.7,"audio":{"input":{"turn_detection":{"type":"server_vad"}}}}"#
    let session = try RealtimeSession(RealtimeSettings(endpoint: .local), over: text)
    #expect(session.detectsTurns)
    let update = try #require(RealtimeConversation(session, isHeardAtOnce: true).begin().sent.first)["session"]
    #expect(update?["temperature"]?.double == 0.7)
    #expect(update?["audio"]?["input"]?["format"]?["type"]?.isString("audio/pcmu") == true, "what is not named stays")
    #expect(throws: EngineError.self) { try RealtimeSession(RealtimeSettings(endpoint: .local), over: "[]") }
  }

  @Test("greets when the session stands, and not before")
  func greeting() throws {
    var call = try conversation(greeting: "Say hello.")
    #expect(call.receive(.started).isEmpty)
    let asked = try call.hear(#"{"type":"session.updated","session":{}}"#).sent
    #expect(asked.types == ["response.create"])
    #expect(asked[0]["response"]?["instructions"]?.isString("Say hello.") == true)
  }

  @Test("plays the response and ends the turn with it, by the names of today and of the beta")
  func plays() throws {
    for name in ["response.output_audio.delta", "response.audio.delta"] {
      var call = try greeted()
      let audio = try call.hear(
        #"{"type":"\#(name)","response_id":"r1","item_id":"i1","content_index":0,"delta":"////"}"#)
      guard case .command(.audio(let heard))? = audio.first, case .mulaw(let bytes) = heard.content else {
        throw Failed()
      }
      #expect(bytes == [0xFF, 0xFF, 0xFF])
      #expect(
        try call.hear(#"{"type":"response.done","response":{"id":"r1","status":"completed"}}"#).commands == ["endTurn"])
    }
  }

  @Test("follows a server that uses another format than it was asked for")
  func otherFormat() throws {
    var call = try conversation()
    _ = call.receive(.started)
    _ = try call.hear(
      #"{"type":"session.updated","session":{"output_audio_format":"pcm16","input_audio_format":"pcm16"}}"#)
    let audio = try call.hear(#"{"type":"response.audio.delta","response_id":"r1","item_id":"i1","delta":"AAEAAg=="}"#)
    guard case .command(.audio(let heard))? = audio.first, case .linear(let samples, 24_000) = heard.content else {
      throw Failed()
    }
    #expect(samples == [256, 512])
  }

  @Test(
    "follows a server that uses another rate: a second plays as a second, and is heard as one",
    arguments: [8_000, 16_000, 22_050, 48_000])
  func otherRate(rate: Int) throws {
    var call = try conversation(format: .pcm)
    _ = call.receive(.started)
    let format = #"{"format":{"type":"audio/pcm","rate":\#(rate)}}"#
    _ = try call.hear(#"{"type":"session.updated","session":{"audio":{"input":\#(format),"output":\#(format)}}}"#)
    var delta = JSONWriter()
    delta.base64([UInt8](repeating: 0, count: rate * 2))
    let audio = try call.hear(
      #"{"type":"response.output_audio.delta","response_id":"r1","item_id":"i1","delta":\#(String(decoding: delta.bytes, as: UTF8.self))}"#
    )
    guard case .command(.audio(let heard))? = audio.first, case .linear(let samples, rate) = heard.content else {
      throw Failed()
    }
    #expect(samples.count == rate)
    let truncated = call.receive(.interrupted(playedMilliseconds: 400)).sent
    #expect(truncated.last?["audio_end_ms"]?.int == 400, "milliseconds are the server's own")
    _ = call.receive(.speechStarted(offset: 0))
    let second = CallerAudio(samples: [Int16](repeating: 0, count: 8000), sampleRate: 8000, offset: 0)
    let appended = try #require(call.receive(.audio(second)).sent.first?["audio"]?.base64)
    #expect(abs(appended.count - rate * 2) < rate / 50)
  }

  @Test("fails a server whose rate cannot be converted")
  func impossibleRate() throws {
    for rate in ["0", "1", "500000", "-8000"] {
      var call = try conversation(format: .pcm)
      let format = #"{"format":{"type":"audio/pcm","rate":\#(rate)}}"#
      let actions = try call.hear(#"{"type":"session.updated","session":{"audio":{"output":\#(format)}}}"#)
      #expect(actions.failures.map(\.kind) == [.garbage])
    }
  }

  @Test("commits what the caller said and asks for a response")
  func turn() throws {
    var call = try greeted()
    _ = try call.hear(#"{"type":"response.done","response":{"id":"r1","status":"completed"}}"#)
    _ = call.receive(.speechStarted(offset: 0))
    let speech = CallerAudio(samples: [Int16](repeating: 0, count: 1600), sampleRate: 8000, offset: 0)
    let appended = call.receive(.audio(speech)).sent
    #expect(appended.types == ["input_audio_buffer.append"] && appended[0]["audio"]?.base64?.count == 1600)
    #expect(call.receive(.speechEnded(offset: 200)).sent.types == ["input_audio_buffer.commit", "response.create"])
    #expect(
      call.receive(.speechEnded(offset: 200)).sent.types == ["response.cancel"], "nothing more was said to commit")
  }

  @Test("does not keep what is left of speech that led to nothing")
  func abandoned() throws {
    var call = try greeted()
    _ = call.receive(.audio(CallerAudio(samples: [Int16](repeating: 0, count: 800), sampleRate: 8000, offset: 0)))
    #expect(call.receive(.speechStarted(offset: 0)).sent.types == ["input_audio_buffer.clear"])
  }

  @Test("what the flow hands over is a first item, or the end of the instructions, or nowhere")
  func callData() throws {
    let info = CallInfo(
      organization: "o", conversation: "c", agent: "a", additionalInfo: ["k": "v"], startName: "n",
      startParameters: ["customer": .string("Ada")], leftOut: ["parameters.x"])
    let text =
      #"[Call] {"additionalInfo":{"k":"v"},"leftOut":["parameters.x"],"name":"n","parameters":{"customer":"Ada"}}"#
    func begun(_ place: RealtimeSettings.CallData) throws -> (instructions: String?, after: [JSONElement]) {
      var settings = RealtimeSettings(endpoint: .local)
      settings.instructions = "Be kind."
      settings.callData = place
      var call = RealtimeConversation(
        try RealtimeSession(settings), data: RealtimeCallData(info), isHeardAtOnce: true)
      let session = call.begin().sent.first?["session"]
      _ = call.receive(.started)
      return (session?["instructions"]?.string, try call.hear(#"{"type":"session.updated","session":{}}"#).sent)
    }
    let item = try begun(.item)
    #expect(item.instructions == "Be kind." && item.after.types == ["conversation.item.create", "response.create"])
    #expect(item.after[0]["item"]?["role"]?.isString("system") == true)
    #expect(item.after[0]["item"]?["content"]?.elements.first?["text"]?.string == text)
    let instructions = try begun(.instructions)
    #expect(instructions.instructions == "Be kind.\n\n" + text && instructions.after.types == ["response.create"])
    let none = try begun(.none)
    #expect(none.instructions == "Be kind." && none.after.types == ["response.create"])
    #expect(RealtimeCallData(CallInfo(organization: "o", conversation: "c", agent: "a", startName: "n")) == nil)
  }

  @Test("tells the bot digits, silence and events in words")
  func words() throws {
    var call = try greeted()
    let digits = try #require(call.receive(.digits("12#")).sent.first)
    #expect(digits["item"]?["content"]?.elements.first?["text"]?.isString("[The caller pressed 12#]") == true)
    #expect(call.receive(.noInput).sent.types.first == "conversation.item.create")
    let event = try #require(call.receive(.custom(name: "order", parameters: ["id": .string("7")])).sent.first)
    #expect(
      event["item"]?["content"]?.elements.first?["text"]?.string
        == #"[Event] {"event":"order","parameters":{"id":"7"}}"#)
  }

  @Test("transfers and ends where the bot calls the functions")
  func functions() throws {
    var call = try greeted()
    let transfer = try call.hear(
      Self.done("transfer_to_agent", #"{\"summary\":\"wants a person\",\"reason\":\"asked\"}"#))
    guard case .command(.transfer(let summary, let metadata))? = transfer.first else { throw Failed() }
    #expect(summary == "wants a person" && metadata == ["reason": .string("asked")])
    var other = try greeted()
    #expect(try other.hear(Self.done("end_call", "{}")).commands == ["end"])
    var third = try greeted()
    #expect(try third.hear(Self.done("fly_away", "{}")).sent.types == ["conversation.item.create", "response.create"])
  }

  @Test("arguments that are no object are none", arguments: ["null", "[]", "", "nonsense", "7"])
  func noArguments(arguments: String) throws {
    var call = try greeted()
    #expect(try call.hear(Self.done("end_call", arguments)).commands == ["end"])
    var other = try greeted()
    guard case .command(.transfer(nil, let metadata))? = try other.hear(Self.done("transfer_to_agent", arguments)).first
    else { throw Failed() }
    #expect(metadata.isEmpty)
    var third = try greeted()
    #expect(try third.hear(Self.done("collect_digits", arguments)).commands == ["endTurn"])
  }

  @Test("a server that calls functions over and over is given up, whatever it calls")
  func endlessFunctions() throws {
    var call = try greeted()
    var asked = 0
    for round in 1...100 {
      let actions = try call.hear(Self.done("fly_away", "{}", response: "r\(round)"))
      asked += actions.sent.types.count { $0 == "response.create" }
      if !actions.failures.isEmpty { break }
      _ = try call.hear(#"{"type":"response.created","response":{"id":"r\#(round + 1)"}}"#)
    }
    #expect(asked == RealtimeConversation.maximumRounds - 1)
    var patient = try greeted()
    for round in 1...100 {
      // With the caller doing something in between, a bot may call as often as it likes.
      #expect(try patient.hear(Self.done("fly_away", "{}", response: "r\(round)")).failures.isEmpty)
      _ = try patient.hear(#"{"type":"response.created","response":{"id":"s\#(round)"}}"#)
      _ = try patient.hear(#"{"type":"response.done","response":{"id":"s\#(round)","status":"completed"}}"#)
      _ = patient.receive(.digits("1"))
      _ = try patient.hear(#"{"type":"response.created","response":{"id":"r\#(round + 1)"}}"#)
    }
  }

  @Test("collects digits where the bot calls the function, and gives them back as its output")
  func collects() throws {
    var call = try greeted()
    let actions = try call.hear(
      Self.done("collect_digits", ##"{\"count\":4,\"terminator\":\"#\",\"sensitive\":true}"##))
    #expect(actions.commands == ["sensitive", "endTurn"])
    guard case .command(.endTurn(let settings?))? = actions.last else { throw Failed() }
    #expect(settings == BotInputSettings(mode: .digits, digitCount: 4, terminator: "#"))
    let came = call.receive(.digits("1234"))
    #expect(came.sent.types == ["conversation.item.create", "response.create"] && came.commands == ["sensitive"])
    #expect(came.sent[0]["item"]?["call_id"]?.isString("c1") == true)
    #expect(came.sent[0]["item"]?["output"]?.string == #"{"digits":"1234"}"#)
    _ = try call.hear(#"{"type":"response.created","response":{"id":"r2"}}"#)
    let done = try call.hear(#"{"type":"response.done","response":{"id":"r2","status":"completed"}}"#)
    guard case .command(.endTurn(let restored?))? = done.first else { throw Failed() }
    #expect(restored.mode == .voiceAndDigits, "the caller may speak again")
  }

  @Test(
    "takes errors that end the session for failures, and goes on after others",
    arguments: [
      ("invalid_request_error", "item_truncate_invalid_item_id", nil, false),
      ("invalid_request_error", "input_audio_buffer_commit_empty", nil, false),
      ("invalid_request_error", "invalid_value", RealtimeClientEvent.responseID, true),
      ("invalid_request_error", "rate_limit_exceeded", nil, true), ("server_error", "", nil, true),
      ("invalid_request_error", "session_expired", nil, true), ("insufficient_quota", "insufficient_quota", nil, true),
    ] as [(String, String, String?, Bool)])
  func errors(type: String, code: String, event: String?, fails: Bool) throws {
    var call = try greeted()
    let id = event.map { #","event_id":"\#($0)""# } ?? ""
    let actions = try call.hear(#"{"type":"error","error":{"type":"\#(type)","code":"\#(code)","message":"m"\#(id)}}"#)
    #expect(actions.failures.count == (fails ? 1 : 0))
  }

  @Test("fails with a response that failed, without the server's words")
  func failedResponse() throws {
    var call = try greeted()
    let actions = try call.hear(
      #"{"type":"response.done","response":{"id":"r1","status":"failed","status_details":{"error":{"type":"server_error","code":"rate_limit_exceeded","message":"caller said 4111"}}}}"#
    )
    #expect(actions.failures.map(\.kind) == [.refused])
    #expect(actions.failures.first?.message == "The server reports an error: server_error, rate_limit_exceeded.")
  }

  @Test("leaves turns to a server that detects them")
  func serverTurns() throws {
    var call = try conversation(session: #"{"audio":{"input":{"turn_detection":{"type":"server_vad"}}}}"#)
    _ = call.receive(.started)
    _ = try call.hear(#"{"type":"session.updated","session":{}}"#)
    _ = try call.hear(#"{"type":"response.created","response":{"id":"r1"}}"#)
    _ = try call.hear(#"{"type":"response.done","response":{"id":"r1","status":"completed"}}"#)
    _ = call.receive(.audio(CallerAudio(samples: [Int16](repeating: 0, count: 1600), sampleRate: 8000, offset: 0)))
    #expect(call.receive(.speechEnded(offset: 200)).isEmpty)
    _ = try call.hear(#"{"type":"response.created","response":{"id":"r2"}}"#)
    let audio = #"{"type":"response.output_audio.delta","response_id":"r2","item_id":"i1","delta":"////"}"#
    #expect(try call.hear(audio).commands == ["audio"])
    #expect(try call.hear(#"{"type":"input_audio_buffer.speech_started"}"#).commands == ["clear"])
  }

  @Test("gives up a server that sends garbage")
  func garbage() throws {
    var call = try greeted()
    #expect(call.receive(.init(kind: .text, bytes: [0]), now: .zero).failures.map(\.kind) == [.garbage])
    #expect(call.receive(.init(kind: .text, bytes: Array("{}".utf8)), now: .zero).failures.map(\.kind) == [.garbage])
    #expect(try call.hear(#"{"type":"response.output_audio.delta","item_id":"i","delta":"*"}"#).isEmpty)
    #expect(call.ignored == 3, "each is counted as a message that means nothing here")
  }

  private static func done(_ name: String, _ arguments: String, response: String = "r1") -> String {
    #"{"type":"response.done","response":{"id":"\#(response)","status":"completed","output":[{"type":"function_call","call_id":"c1","name":"\#(name)","arguments":"\#(arguments)"}]}}"#
  }

  struct Failed: Error {}
}
