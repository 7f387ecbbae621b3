import JSONText
package import WebexProtocol
import Wire

/// `audio_input`, on its way to the wire format of protobuf. Runs for every frame of every call: the audio is decoded
/// where it stays.
struct AudioInputMessage {
  private let audio: ArraySlice<UInt8>
  private let encoding: UInt32
  private let sampleRate: UInt32
  private let language: String?
  private let isSingleUtterance: Bool

  init(_ input: JSONElement) throws(SocketProtocolError) {
    guard input.kind == .object else { throw .badRequest("audio_input has to be an object") }
    guard let encoding = input["encoding"]?.present, encoding.string != nil else {
      throw .badRequest("audio_input.encoding is missing")
    }
    guard let number = Self.number(of: encoding) else {
      throw .unsupportedMedia(
        "audio_input.encoding has to be MULAW_FORMAT, ALAW_FORMAT, LINEAR16_FORMAT or UNSPECIFIED_FORMAT")
    }
    self.encoding = number
    sampleRate = UInt32(try SocketField(input, "sample_rate_hertz").number())
    language = try SocketField(input, "language_code").optionalText(longest: 128)
    isSingleUtterance = try SocketField(input, "is_single_utterance").flag()
    let content = input["caller_audio_b64"]?.present
    if let plain = content?.plainBytes {
      audio = plain
    } else if let content {
      // Slashes may be escaped.
      guard let text = content.string else { throw .badRequest("audio_input.caller_audio_b64 has to be text") }
      audio = Array(text.utf8)[...]
    } else {
      audio = []
    }
  }

  private static func number(of encoding: JSONElement) -> UInt32? {
    if encoding.isString("MULAW_FORMAT") { return 2 }
    if encoding.isString("LINEAR16_FORMAT") { return 1 }
    if encoding.isString("ALAW_FORMAT") { return 3 }
    return encoding.isString("UNSPECIFIED_FORMAT") ? 0 : nil
  }

  /// A `VoiceVARequest` with nothing but this audio and whose it is.
  func encoded(conversation: String, _ organization: String, agent: String) throws(SocketProtocolError) -> [UInt8] {
    let count = audio.withUnsafeBufferPointer { Base64.decodedCount($0) }
    guard let count, count <= WireLimits.request.binaryBytes else {
      throw .badRequest(
        count == nil
          ? "audio_input.caller_audio_b64 is not Base64"
          : "audio_input.caller_audio_b64 has more than \(WireLimits.request.binaryBytes) bytes")
    }
    var details: [UInt8] = []
    if encoding > 0 { details.append(number: 2, encoding) }
    if sampleRate > 0 { details.append(number: 3, sampleRate) }
    if let language, !language.isEmpty { details.append(text: 5, language) }
    if isSingleUtterance { details.append(number: 6, 1) }
    let head = count == 0 ? 0 : 1 + varintBytes(count) + count

    var bytes: [UInt8] = []
    bytes.reserveCapacity(
      conversation.utf8.count + organization.utf8.count + agent.utf8.count + head + details.count + 24)
    bytes.append(text: 1, conversation)
    bytes.append(text: 2, organization)
    if !agent.isEmpty { bytes.append(text: 3, agent) }
    bytes.append(field: 6, length: head + details.count)
    if count > 0 {
      bytes.append(field: 1, length: count)
      guard audio.withUnsafeBufferPointer({ Base64.append($0, to: &bytes) }) else {
        throw .badRequest("audio_input.caller_audio_b64 is not Base64")
      }
    }
    bytes += details
    return bytes
  }

  private func varintBytes(_ value: Int) -> Int { value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : value < 1 << 21 ? 3 : 4 }
}

/// `dtmf_input`.
enum DigitInputMessage {
  private static let prefix = "DTMF_DIGIT_"

  /// Appends the field to a `VoiceVARequest`.
  static func append(_ input: JSONElement, to bytes: inout [UInt8]) throws(SocketProtocolError) {
    var numbers: [UInt8] = []
    if let events = input["dtmf_events"]?.present {
      guard events.kind == .array else { throw .badRequest("dtmf_input.dtmf_events has to be a list") }
      for event in events.elements {
        guard let number = event.string.flatMap(number) else {
          throw .badRequest("dtmf_input.dtmf_events holds what is no key")
        }
        numbers.append(number)
      }
    } else if input.kind != .object {
      throw .badRequest("dtmf_input has to be an object")
    }
    var inner: [UInt8] = []
    if !numbers.isEmpty {
      inner.append(field: 1, length: numbers.count)
      inner += numbers
    }
    bytes.append(field: 7, length: inner.count)
    bytes += inner
  }

  private static func number(_ event: String) -> UInt8? {
    if event == "DTMF_EVENT_UNSPECIFIED" { return 0 }
    guard event.hasPrefix(prefix) else { return nil }
    return DTMFKey(socketName: event).map { UInt8($0.rawValue) }
  }
}

extension DTMFKey {
  private static let names = [
    "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE", "ZERO", "A", "B", "C", "D", "STAR", "POUND",
  ]

  /// The key's name on this wire.
  package var socketName: String { "DTMF_DIGIT_\(Self.names[Int(rawValue) - 1])" }

  /// The key of a name on this wire.
  init?(socketName: String) {
    guard let index = Self.names.firstIndex(where: { socketName == "DTMF_DIGIT_\($0)" }) else { return nil }
    self.init(rawValue: Int32(index + 1))
  }
}

/// `event_input`.
enum EventInputMessage {
  private static let kinds: [(name: String, kind: VoiceRequest.Event.Kind)] = [
    ("UNSPECIFIED_INPUT", .unspecified), ("SESSION_START", .sessionStart), ("SESSION_END", .sessionEnd),
    ("NO_INPUT", .noInput), ("START_OF_DTMF", .startOfDTMF), ("CUSTOM_EVENT", .custom),
  ]

  /// The event's name on this wire.
  static func name(of kind: VoiceRequest.Event.Kind) -> String {
    kinds.first { $0.kind == kind }?.name ?? "UNSPECIFIED_INPUT"
  }

  static func read(_ input: JSONElement) throws(SocketProtocolError) -> VoiceRequest.Event {
    guard input.kind == .object else { throw .badRequest("event_input has to be an object") }
    guard let type = input["event_type"]?.string, let kind = kinds.first(where: { $0.name == type })?.kind else {
      throw .badRequest("event_input.event_type is missing, or none that there is")
    }
    return VoiceRequest.Event(
      kind, name: try SocketField(input, "name").optionalText().flatMap { $0.isEmpty ? nil : $0 },
      parameters: try SocketField(input, "parameters").object())
  }
}

extension [UInt8] {
  /// Appends the tag and the length of a length-delimited field; its bytes follow.
  fileprivate mutating func append(field: UInt32, length: Int) {
    append(varint: field << 3 | 2)
    append(varint: UInt32(clamping: length))
  }

  fileprivate mutating func append(text field: UInt32, _ text: String) {
    append(field: field, length: text.utf8.count)
    append(contentsOf: text.utf8)
  }

  fileprivate mutating func append(number field: UInt32, _ value: UInt32) {
    append(varint: field << 3)
    append(varint: value)
  }
}
