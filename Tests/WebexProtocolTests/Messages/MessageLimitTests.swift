import Testing

@testable import WebexProtocol
@testable import Wire

@Suite("A message is refused one step over each limit")
struct MessageLimitTests {
  struct Limit: Sendable, CustomTestStringConvertible {
    var name: String
    var limit: Int
    var path: String
    var error: @Sendable (Int) -> MessageError.Reason
    var message: @Sendable (Int) -> [UInt8]

    var testDescription: String { name }
  }

  static func text(_ name: String, _ path: String, _ limit: Int, _ wrap: @escaping @Sendable ([UInt8]) -> [UInt8])
    -> Limit
  {
    Limit(name: name, limit: limit, path: path, error: { .tooLong(bytes: $0, limit: limit) }) {
      wrap([UInt8](repeating: 0x61, count: $0))
    }
  }

  static func entries(_ count: Int, _ entry: (Int) -> [UInt8]) -> [UInt8] { (0..<count).flatMap(entry) }

  static let limits: [Limit] = [
    Limit(name: "message", limit: 131_072, path: "", error: { .messageTooLarge(bytes: $0, limit: 131_072) }) {
      Wire.bytes(100, [UInt8](repeating: 0, count: $0 - 5))
    },
    Limit(name: "fields", limit: 512, path: "100", error: { _ in .tooManyFields(limit: 512) }) {
      entries($0) { _ in Wire.number(100, 1) }
    },
    Limit(
      name: "fields of inner messages", limit: 511, path: "audio_input.100", error: { _ in .tooManyFields(limit: 512) }
    ) {
      Wire.bytes(6, entries($0) { _ in Wire.number(100, 1) })
    },
    Limit(name: "keys", limit: 64, path: "dtmf_input.dtmf_events", error: { _ in .tooManyValues(limit: 64) }) {
      Wire.bytes(7, Wire.bytes(1, [UInt8](repeating: 5, count: $0)))
    },
    Limit(name: "keys one by one", limit: 64, path: "dtmf_input.dtmf_events", error: { _ in .tooManyValues(limit: 64) })
    {
      Wire.bytes(7, entries($0) { _ in Wire.number(1, 5) })
    },
    Limit(
      name: "levels of Structs", limit: 16, path: Self.path(of: "struct_value", "fields", levels: 16),
      error: { _ in .tooDeep(limit: 16) }
    ) { Wire.event(parameters: Wire.nestedStruct(levels: $0)) },
    Limit(
      name: "levels of lists", limit: 15, path: "event_input.parameters.fields." + Self.path(ofLists: 15),
      error: { _ in .tooDeep(limit: 16) }
    ) {
      let list = Wire.bytes(6, Wire.nestedList(levels: $0))
      return Wire.event(parameters: Wire.bytes(1, Wire.text(1, "l") + Wire.bytes(2, list)))
    },
    Limit(
      name: "audio", limit: 65_536, path: "audio_input.caller_audio", error: { .tooLong(bytes: $0, limit: 65_536) }
    ) { Wire.bytes(6, Wire.bytes(1, [UInt8](repeating: 0, count: $0))) },
    text("conversation_id", "conversation_id", 128) { Wire.bytes(1, $0) },
    text("customer_org_id", "customer_org_id", 128) { Wire.bytes(2, $0) },
    text("virtual_agent_id", "virtual_agent_id", 128) { Wire.bytes(3, $0) },
    text("language", "audio_input.language_code", 16_384) { Wire.bytes(6, Wire.bytes(5, $0)) },
  ]

  static func path(of member: String, _ fields: String, levels: Int) -> String {
    "event_input.parameters." + (0..<levels).map { _ in "\(fields).value.\(member)" }.joined(separator: ".")
  }

  static func path(ofLists levels: Int) -> String {
    "value.list_value." + (0..<levels).map { _ in "values.list_value" }.joined(separator: ".")
  }

  @Test("P1: the limit is allowed and one more is refused, with its place", arguments: limits)
  func limit(_ limit: Limit) {
    #expect(refusal(limit.message(limit.limit - 1)) == nil)
    #expect(refusal(limit.message(limit.limit)) == nil)
    #expect(
      refusal(limit.message(limit.limit + 1)) == MessageError(limit.error(limit.limit + 1), at: limit.path))
  }

  @Test("P1: messages within messages are counted from the outermost")
  func depth() throws {
    // VoiceVARequest, VoiceInput, Timestamp.
    let message = Wire.bytes(6, Wire.bytes(4, []))
    var limits = WireLimits.request
    #expect(limits.depth == 10)
    limits.depth = 3
    #expect(try scan(message, webex__voice__voice_varequest__init, limits: limits) == .plain)
    limits.depth = 2
    let error = refusal { try scan(message, webex__voice__voice_varequest__init, limits: limits) }
    #expect(error == MessageError(.tooDeep(limit: 2), at: "audio_input.audio_timestamp"))
  }

  static let malformed: [(String, [UInt8], MessageError)] = [
    ("field number 0", [0x00, 0x01], MessageError(.invalidFieldNumber)),
    ("a tag of 33 bits", [0xF8, 0xFF, 0xFF, 0xFF, 0x1F, 0x01], MessageError(.invalidFieldNumber)),
    ("a tag of 6 bytes", [0x88, 0x80, 0x80, 0x80, 0x80, 0x00, 0x01], MessageError(.invalidFieldNumber)),
    ("a tag cut off", [0x88], MessageError(.truncated)),
    ("wire type 3", Wire.tag(100, 3), MessageError(.invalidWireType(3), at: "100")),
    ("wire type 4", Wire.tag(100, 4), MessageError(.invalidWireType(4), at: "100")),
    ("wire type 6", Wire.tag(100, 6), MessageError(.invalidWireType(6), at: "100")),
    ("wire type 7", Wire.tag(100, 7), MessageError(.invalidWireType(7), at: "100")),
    ("wire type 3 of a known field", Wire.tag(1, 3), MessageError(.invalidWireType(3), at: "conversation_id")),
    (
      "a varint of 11 bytes", Wire.tag(4, 0) + [UInt8](repeating: 0x80, count: 10) + [0],
      MessageError(.invalidVarint, at: "allow_partial_responses")
    ),
    ("a varint cut off", Wire.tag(4, 0) + [0x80], MessageError(.truncated, at: "allow_partial_responses")),
    ("a length past the end", Wire.tag(1, 2) + [2, 0x61], MessageError(.truncated, at: "conversation_id")),
    ("an unknown length past the end", Wire.tag(100, 2) + [2, 0x61], MessageError(.truncated, at: "100")),
    (
      "a length of 4 GiB", Wire.tag(1, 2) + [0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
      MessageError(.truncated, at: "conversation_id")
    ),
    (
      "a length of 33 bits", Wire.tag(1, 2) + [0xFF, 0xFF, 0xFF, 0xFF, 0x1F, 0x61],
      MessageError(.invalidVarint, at: "conversation_id")
    ),
    (
      "a length past the end of the inner message", Wire.bytes(6, Wire.tag(5, 2) + [5, 0x61]) + [0, 0, 0, 0, 0],
      MessageError(.truncated, at: "audio_input.language_code")
    ),
    ("8 bytes cut off", Wire.tag(100, 1) + [0, 0, 0, 0, 0, 0, 0], MessageError(.truncated, at: "100")),
    ("4 bytes cut off", Wire.tag(100, 5) + [0, 0, 0], MessageError(.truncated, at: "100")),
    (
      "keys cut off", Wire.bytes(7, Wire.bytes(1, [1, 0x80])), MessageError(.truncated, at: "dtmf_input.dtmf_events")
    ),
  ]

  @Test("P1: what is no protobuf is refused, with its place", arguments: malformed.indices)
  func refusesMalformed(index: Int) {
    let (name, bytes, error) = Self.malformed[index]
    #expect(refusal(bytes) == error, "\(name)")
  }

  @Test("P1: the longest numbers that protobuf has are taken")
  func longestNumbers() {
    let ten = [UInt8](repeating: 0xFF, count: 9) + [1]
    #expect(refusal(Wire.tag(4, 0) + ten) == nil)
    #expect(refusal(Wire.tag(4, 0) + ten.dropLast() + [0x7F]) == nil, "bits beyond the 64th are ignored")
    #expect(refusal(Wire.tag((1 << 29) - 1, 0) + ten) == nil)
    #expect(refusal([0xA0, 0x80, 0x80, 0x80, 0x00, 0x01]) == nil, "a tag in more bytes than it needs")
    #expect(refusal(Wire.tag(1, 2) + [0x81, 0x80, 0x80, 0x80, 0x00, 0x61]) == nil, "so a length")
  }

  @Test("P1: a message cut off at any byte, or with any byte changed, is refused or read, never more")
  func damaged() {
    let bytes = VoiceRequest(
      conversationID: "c", organizationID: "o", agentID: "a", vendorConfiguration: "{}", additionalInfo: ["k": "v"],
      input: .event(.init(.custom, name: "n", parameters: ["k": .list([.number(1), .object(["x": .string("y")])])]))
    ).encoded()
    var taken = 0
    for count in 0...bytes.count where refusal(Array(bytes.prefix(count))) == nil { taken += 1 }
    #expect(taken > 1 && taken < bytes.count)
    for index in bytes.indices {
      for value in UInt8.min...UInt8.max {
        var damaged = bytes
        damaged[index] = value
        _ = refusal(damaged)
      }
    }
  }

  @Test("the error of a refused message says what and where, and nothing of what the message holds")
  func errorText() throws {
    let secret = String(repeating: "4111", count: 40)
    let error = try #require(refusal(Wire.text(1, secret)))
    #expect(error.description == "conversation_id has 160 bytes; at most 128 are allowed")
    let key = try #require(refusal(Wire.event(parameters: Wire.bytes(1, Wire.bytes(1, [0x34, 0xFF])))))
    #expect(key.description == "event_input.parameters.fields.key is not UTF-8")
  }

  @Test("responses to our own clients may be larger, and are bounded too")
  func responses() {
    let audio = [UInt8](repeating: 0, count: 4_000_000)
    let response = VoiceResponse(prompts: [.init(audio: audio, isBargeInEnabled: true)])
    #expect(refusal { try VoiceResponse(decoding: response.encoded()) } == nil)
    for fields in [(0..<4096).flatMap({ _ in Wire.bytes(1, []) }), (0..<16_384).flatMap({ _ in Wire.number(3, 1) })] {
      #expect(refusal { try VoiceResponse(decoding: fields) } == nil)
    }
    let large = [UInt8](repeating: 0, count: (4 << 20) + 1)
    #expect(
      refusal { try VoiceResponse(decoding: large) }?.reason == .messageTooLarge(bytes: large.count, limit: 4 << 20))
    let deep = Wire.bytes(2, Wire.bytes(3, Wire.nestedStruct(levels: 30_000)))
    #expect(refusal { try VoiceResponse(decoding: deep) }?.reason == .tooDeep(limit: 16))
    let type = refusal { try VoiceResponse(decoding: Wire.number(8, 9)) }
    #expect(type == MessageError(.unknownValue(9), at: "response_type"))
  }
}
