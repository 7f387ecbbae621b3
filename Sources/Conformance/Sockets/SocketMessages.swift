import BotEngine
import Basics
import JSONText

/// Writes and numbers what a caller sends on one socket; any field can be made another than it ought to be.
struct SocketMessages: Sendable {
  let conversation: String
  let organization: String
  let agent: String
  /// The number of the last message.
  private(set) var sequence = 0

  /// A caller of an organization.
  init(conversation: String, organization: String, agent: String) {
    self.conversation = conversation
    self.organization = organization
    self.agent = agent
  }

  /// A `VOICE_VA_REQUEST`.
  ///
  /// - Parameters:
  ///   - input: the only member of `voice_va_input_type`.
  ///   - payload: fields that go before those that there are.
  ///   - envelope: the same for the envelope.
  mutating func request(
    _ input: [String: BotValue], payload: [String: BotValue] = [:], envelope: [String: BotValue] = [:]
  ) -> [UInt8] {
    var own: [String: BotValue] = [
      "conversation_id": .string(conversation), "customer_org_id": .string(organization),
      "voice_va_input_type": .object(input), "additional_info": .list([]),
    ]
    if !agent.isEmpty { own["virtual_agent_id"] = .string(agent) }
    return message(
      "VOICE_VA_REQUEST", envelope.merging(["payload": .object(own.merging(payload) { $1 })]) { old, _ in old })
  }

  /// An event as the real client writes it.
  mutating func event(_ type: String, name: String = "") -> [UInt8] {
    request(Self.event(type, name: name))
  }

  static func event(_ type: String, name: String = "", parameters: BotValue = .list([])) -> [String: BotValue] {
    ["event_input": .object(["event_type": .string(type), "name": .string(name), "parameters": parameters])]
  }

  /// Audio of the caller; `nil` is a message without any.
  mutating func audio(_ bytes: [UInt8]?, encoding: String = "MULAW_FORMAT", rate: Double = 8000) -> [UInt8] {
    var input: [String: BotValue] = [
      "encoding": .string(encoding), "sample_rate_hertz": .number(rate), "is_single_utterance": .null,
    ]
    if let bytes {
      var text: [UInt8] = []
      Base64.encode(bytes, into: &text)
      input["caller_audio_b64"] = .string(String(decoding: text, as: UTF8.self))
    }
    return request(["audio_input": .object(input)])
  }

  /// An entry of keys.
  mutating func keys(_ names: [String]) -> [UInt8] {
    request(["dtmf_input": .object(["dtmf_events": .list(names.map(BotValue.string))])])
  }

  /// A `PING`.
  mutating func ping() -> [UInt8] { message("PING") }

  /// The time as RFC 3339 has it.
  private static var now: String {
    let (seconds, rest) = WallClock.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    let fraction = String(rest / 1_000_000 + 1000).dropFirst()
    return (WallClock.text(seconds, "%Y-%m-%dT%H:%M:%S") ?? "1970-01-01T00:00:00") + ".\(fraction)Z"
  }

  private mutating func message(_ type: String, _ more: [String: BotValue] = [:]) -> [UInt8] {
    sequence += 1
    let own: [String: BotValue] = [
      "type": .string(type), "seq": .number(Double(sequence)),
      "ts": .string(Self.now), "conversation_id": .string(conversation),
    ]
    return JSONWriter.object { root in
      for (name, value) in own.merging(more, uniquingKeysWith: { $1 }).sorted(by: { $0.key < $1.key }) {
        root.member(name) { $0.value(value) }
      }
    }
  }
}
