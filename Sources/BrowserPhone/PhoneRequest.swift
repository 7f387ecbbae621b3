import Basics
import JSONText
import WebSockets
import WebexProtocol

/// What a page says on the phone's socket.
///
/// | message | means |
/// | --- | --- |
/// | `{"type":"call","wire":…,"organization":…,"agent":…,"token":…}` | calls; once, and first |
/// | `{"type":"press","key":"5"}` | presses a key |
/// | `{"type":"say","recording":…}`, `{"type":"say","text":…}` | says what the server has, or a text in a local voice |
/// | `{"type":"clip","name":…,"bytes":…}` | announces a clip, whose parts follow; then it is said |
/// | `{"type":"hangUp"}` | hangs up |
/// | binary, first byte 1 | 1 to 10 frames of 20 ms from the microphone, mu-law at 8,000 Hz |
/// | binary, first byte 2 | a part of the announced clip, mu-law at 8,000 Hz |
///
/// A call without a token has one that the server makes; one without a wire (`grpc`, `websocket`) goes over gRPC.
enum PhoneRequest: Sendable, Equatable {
  case call(over: PhoneWire, organization: String, agent: String, token: String?)
  case press(DTMFKey)
  case recording(String)
  case text(String)
  case clip(name: String, bytes: Int)
  case microphone([[UInt8]])
  case part([UInt8])
  case hangUp

  /// Why a message is none of these.
  typealias FormatError = TextError<PhoneRequest>

  /// Bytes of a text message.
  static let maximumText = 20_480
  /// Bytes of a sentence to be spoken.
  static let maximumSentence = 500
  /// Bytes of a clip: a minute.
  static let maximumClip = 480_000
  /// Bytes of a part of it.
  static let maximumPart = 32_000
  private static let frame = 160
  private static let maximumFrames = 10

  init(_ message: WebSocketMessage) throws(FormatError) {
    switch message.kind {
    case .text: try self.init(text: message.bytes)
    case .binary: try self.init(binary: message.bytes)
    }
  }

  private init(binary bytes: [UInt8]) throws(FormatError) {
    let rest = bytes.dropFirst()
    switch bytes.first {
    case 1:
      let count = rest.count / Self.frame
      guard rest.count % Self.frame == 0, (1...Self.maximumFrames).contains(count) else {
        throw FormatError("a message of the microphone has 1 to \(Self.maximumFrames) frames of \(Self.frame) bytes")
      }
      self = .microphone(
        (0..<count).map { number in
          let start = rest.startIndex + number * Self.frame
          return Array(rest[start..<(start + Self.frame)])
        })
    case 2:
      guard (1...Self.maximumPart).contains(rest.count) else {
        throw FormatError("a part of a clip has 1 to \(Self.maximumPart) bytes")
      }
      self = .part(Array(rest))
    default: throw FormatError("a binary message begins with 1 or 2")
    }
  }

  private init(text bytes: [UInt8]) throws(FormatError) {
    guard bytes.count <= Self.maximumText else { throw FormatError("a text has at most \(Self.maximumText) bytes") }
    let root: JSONElement
    do throws(JSONError) { root = try JSONDocument(bytes).root } catch {
      throw FormatError("a text message is JSON: \(error)")
    }
    func text(_ name: StaticString, most: Int = 256) throws(FormatError) -> String? {
      guard let value = root[name], value.kind != .null else { return nil }
      guard let text = value.string, text.utf8.count <= most, !text.utf8.contains(0) else {
        throw FormatError("`\(name)` is a text of at most \(most) bytes")
      }
      return text
    }
    switch try text("type") {
    case "call":
      guard let wire = PhoneWire(rawValue: try text("wire") ?? PhoneWire.grpc.rawValue) else {
        throw FormatError("`wire` is \(PhoneWire.allCases.map(\.rawValue).joined(separator: " or "))")
      }
      self = .call(
        over: wire, organization: try text("organization") ?? "", agent: try text("agent") ?? "",
        token: try text("token", most: 16_384))
    case "press":
      guard let key = try text("key"), key.count == 1, let character = key.first, let pressed = DTMFKey(character)
      else { throw FormatError("`key` is one of 0-9, A-D, * and #") }
      self = .press(pressed)
    case "say":
      if let recording = try text("recording") {
        self = .recording(recording)
      } else if let sentence = try text("text", most: Self.maximumSentence), !sentence.isEmpty {
        self = .text(sentence)
      } else {
        throw FormatError("`say` has a `recording` or a `text`")
      }
    case "clip":
      guard let bytes = root["bytes"]?.wholeNumber, (1...Self.maximumClip).contains(bytes) else {
        throw FormatError("`bytes` of a clip are 1 to \(Self.maximumClip): a minute at most")
      }
      self = .clip(name: try text("name") ?? "a clip", bytes: bytes)
    case "hangUp": self = .hangUp
    default: throw FormatError("`type` is call, press, say, clip or hangUp")
    }
  }
}
