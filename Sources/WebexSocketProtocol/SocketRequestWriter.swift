public import AudioCodecs
import JSONText
public import WebexProtocol

/// Writes a caller's messages on one socket and numbers them, as the real client does: maps are lists of `key` and `value`,
/// and what is not stated is null.
public struct SocketRequestWriter: Sendable, Equatable {
  /// `conversation_id`, the same on the whole socket.
  public let conversation: String
  /// `customer_org_id`.
  public let organization: String
  /// `virtual_agent_id`; empty is the default agent.
  public let agent: String
  /// `vendor_specific_config`.
  public var vendorConfiguration: String?
  /// `additional_info`.
  public var additionalInfo: [String: String] = [:]
  /// The number of the last message.
  public private(set) var sequence = 0

  /// A writer for the socket of one call.
  public init(conversation: String, organization: String, agent: String = "") {
    self.conversation = conversation
    self.organization = organization
    self.agent = agent
  }

  /// An event or an entry of keys. Audio has a method of its own, and no input is written as none.
  ///
  /// - Parameter wall: nanoseconds since 1970.
  public mutating func request(_ input: VoiceRequest.Input, wall: Int64) -> [UInt8] {
    sequence += 1
    return envelope(wall) { object in
      switch input {
      case .event(let event): object.object("event_input") { Self.write(event, to: &$0) }
      case .dtmf(let keys):
        object.object("dtmf_input") {
          $0.member("dtmf_events") { list in list.array { for key in keys { $0.string(key.socketName) } } }
        }
      case .audio(let audio):
        let format = AudioFormat(encoding: audio.encoding ?? .mulaw, sampleRate: Int(audio.sampleRate))
        Self.write(audio.bytes, format, to: &object)
      case .none: break
      }
    }
  }

  /// Audio of the caller.
  ///
  /// - Parameter wall: nanoseconds since 1970.
  public mutating func audio(_ bytes: [UInt8], _ format: AudioFormat, wall: Int64) -> [UInt8] {
    sequence += 1
    return envelope(wall) { Self.write(bytes, format, to: &$0) }
  }

  /// A `PING`.
  ///
  /// - Parameter wall: nanoseconds since 1970.
  public mutating func ping(wall: Int64) -> [UInt8] {
    sequence += 1
    return head("PING", wall) { _ in }
  }

  private func envelope(_ wall: Int64, _ fill: (inout JSONWriter) -> Void) -> [UInt8] {
    head("VOICE_VA_REQUEST", wall) { root in
      root.member("metadata") { $0.array { _ in } }
      root.object("payload") { payload in
        payload.member("conversation_id", conversation)
        payload.member("customer_org_id", organization)
        if !agent.isEmpty { payload.member("virtual_agent_id", agent) }
        if let vendorConfiguration { payload.member("vendor_specific_config", vendorConfiguration) }
        payload.member("additional_info") { list in
          list.array {
            for (key, value) in additionalInfo.sorted(by: { $0.key < $1.key }) {
              $0.object {
                $0.member("key", key)
                $0.member("value", value)
              }
            }
          }
        }
        payload.object("voice_va_input_type", fill)
      }
    }
  }

  private func head(_ type: String, _ wall: Int64, _ fill: (inout JSONWriter) -> Void) -> [UInt8] {
    JSONWriter.object {
      $0.member("type", type)
      $0.member("seq", sequence)
      $0.member("ts", SocketWriter.time(wall))
      $0.member("conversation_id", conversation)
      fill(&$0)
    }
  }

  private static func write(_ event: VoiceRequest.Event, to object: inout JSONWriter) {
    object.member("event_type", EventInputMessage.name(of: event.kind))
    object.member("name", event.name ?? "")
    object.member("parameters") { list in
      list.array {
        for (key, value) in event.parameters.sorted(by: { $0.key < $1.key }) {
          $0.object {
            $0.member("key", key)
            $0.member("value") { $0.value(value) }
          }
        }
      }
    }
  }

  private static func write(_ audio: [UInt8], _ format: AudioFormat, to object: inout JSONWriter) {
    object.object("audio_input") {
      $0.member("caller_audio_b64") { $0.base64(audio) }
      $0.member("encoding", format.encoding.socketName)
      $0.member("sample_rate_hertz", format.sampleRate)
      $0.member("is_single_utterance") { $0.null() }
    }
  }
}

extension AudioEncoding {
  fileprivate var socketName: String {
    switch self {
    case .mulaw: "MULAW_FORMAT"
    case .alaw: "ALAW_FORMAT"
    case .linear16: "LINEAR16_FORMAT"
    }
  }
}
