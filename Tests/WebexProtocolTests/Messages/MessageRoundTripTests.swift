import AudioCodecs
import BotEngine
import Testing

@testable import WebexProtocol

@Suite("Messages survive the wire")
struct MessageRoundTripTests {
  static let parameters: [String: BotValue] = [
    "null": .null, "yes": .bool(true), "no": .bool(false), "number": .number(-2.5), "text": .string("Grüße, 世界 👋"),
    "empty": .string(""), "list": .list([.number(1), .list([]), .object(["inner": .string("x")])]),
    "object": .object([:]),
    "": .string("an empty key"),
  ]

  static let requests: [VoiceRequest] = [
    VoiceRequest(conversationID: "", organizationID: ""),
    VoiceRequest(
      conversationID: "c1", organizationID: "o1", agentID: "front-desk", allowsPartialResponses: true,
      vendorConfiguration: #"{"a": "ü"}"#, additionalInfo: ["": "", "key": "value", "k2": "v2"]),
    request(.audio(.init(bytes: []))),
    request(.audio(.init(bytes: [UInt8](repeating: 0xD5, count: 65_536), encoding: .alaw, sampleRate: 8000))),
    request(
      .audio(
        .init(
          bytes: [1, 0, 2], encoding: .linear16, sampleRate: 16_000, languageCode: "en-US", isSingleUtterance: true))),
    request(.audio(.init(bytes: Array(0...255), encoding: .mulaw, sampleRate: .min))),
    request(.dtmf([])), request(.dtmf(DTMFKey.allCases)), request(.event(.init(.unspecified))),
    request(.event(.init(.sessionStart))), request(.event(.init(.sessionEnd))), request(.event(.init(.noInput))),
    request(.event(.init(.startOfDTMF))),
    request(.event(.init(.custom, name: "entry", parameters: parameters))),
    request(.event(.init(.unknown(77), name: "later"))), request(.event(.init(.unknown(-1)))),
  ]

  static func request(_ input: VoiceRequest.Input) -> VoiceRequest {
    VoiceRequest(conversationID: "conversation", organizationID: "organization", input: input)
  }

  @Test("a request is read as it was written", arguments: requests.indices)
  func readsRequest(index: Int) throws {
    let request = Self.requests[index]
    let decoder = VoiceRequestDecoder()
    let copy = try request.encoded().withUnsafeBytes { try VoiceRequest(decoder.decode($0)) }
    #expect(copy == request)
  }

  @Test("one decoder reads many requests, each in the memory of the one before")
  func reuse() throws {
    let decoder = VoiceRequestDecoder()
    for _ in 0..<3 {
      for request in Self.requests {
        let copy = try request.encoded().withUnsafeBytes { try VoiceRequest(decoder.decode($0)) }
        #expect(copy == request)
      }
    }
  }

  static let handling = InputHandling(
    dtmf: .init(interDigitTimeout: 3000, terminator: .pound, length: 12),
    speechTimers: .init(maximumSpeech: 60_000, complete: 700, incomplete: 1500, noInput: 5000))

  static let responses: [VoiceResponse] = [
    VoiceResponse(),
    VoiceResponse(.chunk, prompts: [.init(audio: [1, 2, 3], isBargeInEnabled: true)]),
    VoiceResponse(prompts: [.init(audio: [], isBargeInEnabled: false)]),
    VoiceResponse(
      prompts: [
        .init(text: "Hello", isBargeInEnabled: true), .init(audio: [9], isBargeInEnabled: false),
        .init(audio: [], isBargeInEnabled: true),
        .init(audio: [UInt8](repeating: 7, count: 300_000), isBargeInEnabled: true),
      ],
      events: [.init(.custom, name: "entry", metadata: parameters), .init(.endOfInput)], isInputSensitive: true,
      inputMode: .voiceAndDTMF, inputHandling: handling, transcript: "caller: hello", summary: "They said hello."),
    VoiceResponse(.partial, events: [.init(.noMatch)], inputMode: .dtmf, inputHandling: InputHandling()),
    VoiceResponse(inputMode: .voice, inputHandling: InputHandling(dtmf: .init(), speechTimers: .init())),
    VoiceResponse(
      prompts: [.init(audioURI: "https://a.example/b.wav", isBargeInEnabled: true)], isPromptCancellationDisabled: true),
  ]

  @Test("a response is read as it was written", arguments: responses.indices)
  func readsResponse(index: Int) throws {
    let response = Self.responses[index]
    #expect(try VoiceResponse(decoding: response.encoded()) == response)
  }

  @Test("every kind of output event has its number")
  func outputEvents() throws {
    for number in Int32(0)...7 {
      let kind = try #require(VoiceResponse.Event.Kind(rawValue: number))
      let response = VoiceResponse(events: [.init(kind)])
      let event = number == 0 ? [] : Wire.number(1, UInt64(number))
      #expect(response.encoded() == Wire.bytes(2, event))
    }
  }

  @Test("Wire 6: the audio of the last prompt of a chunked answer is present and empty")
  func emptyAudio() {
    let response = VoiceResponse(prompts: [.init(audio: [], isBargeInEnabled: false)])
    #expect(response.encoded() == Wire.bytes(1, Wire.bytes(3, [])))
  }

  @Test("Wire 6: a prompt with audio carries no text, one with text no audio")
  func promptFields() {
    #expect(
      VoiceResponse(prompts: [.init(audio: [5], isBargeInEnabled: true)]).encoded()
        == Wire.bytes(1, Wire.bytes(3, [5]) + Wire.number(4, 1)))
    #expect(
      VoiceResponse(prompts: [.init(text: "a", isBargeInEnabled: false)]).encoded() == Wire.bytes(1, Wire.text(1, "a")))
  }

  @Test("Wire 7: keys travel under their own numbers: zero is 10, star 15, pound 16")
  func keys() {
    let request = VoiceRequest(conversationID: "", organizationID: "", input: .dtmf([.one, .zero, .star, .pound]))
    #expect(request.encoded() == Wire.bytes(7, Wire.bytes(1, [1, 10, 15, 16])))
  }

  @Test("a NUL in a text that goes out does not cut it")
  func outgoingNUL() throws {
    let response = VoiceResponse(prompts: [.init(text: "a\0b", isBargeInEnabled: false)])
    #expect(try VoiceResponse(decoding: response.encoded()).prompts.first?.text == "ab")
  }

  @Test("data nested deeper than a receiver takes goes out cut at 16 levels")
  func outgoingDepth() throws {
    var value = BotValue.string("core")
    for _ in 0..<40 { value = .object(["k": value]) }
    let response = VoiceResponse(events: [.init(.custom, metadata: ["k": value])])
    var inner = try #require(VoiceResponse(decoding: response.encoded()).events.first?.metadata["k"])
    var levels = 1
    while case .object(let object) = inner, let next = object["k"] { (inner, levels) = (next, levels + 1) }
    #expect(levels == 16)
    #expect(inner == .null)
  }

  @Test("a list of agents is asked for and answered")
  func agents() throws {
    for request in [
      ListAgentsRequest(organizationID: "o", isDefaultAgentEnabled: true), ListAgentsRequest(organizationID: ""),
    ] {
      #expect(try request.encoded().withUnsafeBytes { try ListAgentsRequest(decoding: $0) } == request)
    }
    let response = ListAgentsResponse(agents: [
      .init(id: "front-desk", name: "Front desk", isDefault: true),
      .init(id: "b", name: "B", attributes: ["k": "v", "l": ""]),
    ])
    #expect(try response.encoded().withUnsafeBytes { try ListAgentsResponse(decoding: $0) } == response)
  }
}
