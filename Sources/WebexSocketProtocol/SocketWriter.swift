import Basics
import BotEngine
import JSONText
import WebexProtocol

/// Writes the server's messages on one socket and numbers them. Only fields that the published schema names are written:
/// its objects are closed.
struct SocketWriter: Sendable, Equatable {
  /// `conversation_id`; empty until the client has told it.
  var conversationID = ""
  private var sequence = 0

  /// A `VOICE_VA_RESPONSE`.
  mutating func response(_ response: VoiceResponse, wall: Int64) -> [UInt8] {
    envelope("VOICE_VA_RESPONSE", number(), wall) { $0.object("payload") { Self.write(response, to: &$0) } }
  }

  /// An `ERROR`.
  mutating func error(_ code: SocketProtocolError.Code, _ fault: SocketProtocolError, wall: Int64) -> [UInt8] {
    envelope("ERROR", number(), wall) {
      $0.member("code", code.rawValue)
      $0.member("status", fault.status)
      $0.member("detail", fault.detail)
    }
  }

  /// The answer to a `PING`, which has the PING's number and not one of ours.
  func pong(to sequence: Int, wall: Int64) -> [UInt8] { envelope("PONG", sequence, wall) { _ in } }

  private mutating func number() -> Int {
    sequence += 1
    return sequence
  }

  private func envelope(
    _ type: String, _ sequence: Int, _ wall: Int64, _ fill: (inout JSONWriter) -> Void
  ) -> [UInt8] {
    JSONWriter.object {
      $0.member("type", type)
      $0.member("seq", sequence)
      $0.member("ts", Self.time(wall))
      $0.member("conversation_id", conversationID)
      fill(&$0)
    }
  }

  /// Nanoseconds since 1970 as RFC 3339 has them, to the millisecond.
  static func time(_ wall: Int64) -> String {
    let (seconds, rest) = wall.quotientAndRemainder(dividingBy: 1_000_000_000)
    let milliseconds = String(rest / 1_000_000)
    let padding = String(repeating: "0", count: max(0, 3 - milliseconds.utf8.count))
    return (WallClock.text(seconds, "%Y-%m-%dT%H:%M:%S") ?? "1970-01-01T00:00:00") + ".\(padding)\(milliseconds)Z"
  }

  // MARK: The payload

  private static func write(_ response: VoiceResponse, to object: inout JSONWriter) {
    object.member("response_type", response.kind.socketName)
    if !response.prompts.isEmpty {
      object.member("prompts") { list in list.array { for prompt in response.prompts { write(prompt, to: &$0) } } }
    }
    if !response.events.isEmpty {
      object.member("output_events") { list in list.array { for event in response.events { write(event, to: &$0) } } }
    }
    if let mode = response.inputMode { object.member("input_mode", mode.socketName) }
    if let handling = response.inputHandling, !handling.isEmptyOnSocket {
      object.object("input_handling_config") { write(handling, to: &$0) }
    }
    if response.isInputSensitive { object.member("input_sensitive", true) }
    if let transcript = response.transcript { object.object("session_transcript") { $0.member("text", transcript) } }
    if let summary = response.summary { object.object("session_summary") { $0.member("text", summary) } }
    if response.isPromptCancellationDisabled { object.member("disable_prompt_cancellation", true) }
  }

  private static func write(_ prompt: VoiceResponse.Prompt, to list: inout JSONWriter) {
    list.object {
      if let text = prompt.text { $0.member("text", text) }
      if let uri = prompt.audioURI { $0.member("audio_uri", uri) }
      if let audio = prompt.audio { $0.member("audio_content_b64") { $0.base64(audio) } }
      $0.member("is_barge_in_enabled", prompt.isBargeInEnabled)
    }
  }

  private static func write(_ event: VoiceResponse.Event, to list: inout JSONWriter) {
    list.object {
      $0.member("event_type", event.kind.wireName)
      if let name = event.name { $0.member("name", name) }
      if !event.metadata.isEmpty { $0.member("metadata") { $0.value(.object(event.metadata)) } }
    }
  }

  /// This wire has no time until NO_INPUT.
  private static func write(_ handling: InputHandling, to object: inout JSONWriter) {
    if let dtmf = handling.dtmf {
      object.object("dtmf_config") {
        if let timeout = dtmf.interDigitTimeout { $0.member("inter_digit_timeout_msec", Int(timeout)) }
        if let key = dtmf.terminator { $0.member("termchar", key.socketName) }
        if let length = dtmf.length { $0.member("dtmf_input_length", Int(length)) }
      }
    }
    if let timers = handling.speechTimers, timers.hasSocketFields {
      object.object("speech_timers") {
        if let maximum = timers.maximumSpeech { $0.member("max_speech_timeout_msec", Int(maximum)) }
        if let complete = timers.complete { $0.member("complete_timeout_msec", Int(complete)) }
        if let incomplete = timers.incomplete { $0.member("incomplete_timeout_msec", Int(incomplete)) }
      }
    }
  }
}

extension InputHandling {
  fileprivate var isEmptyOnSocket: Bool { dtmf == nil && speechTimers?.hasSocketFields != true }
}

extension InputHandling.SpeechTimers {
  fileprivate var hasSocketFields: Bool { maximumSpeech != nil || complete != nil || incomplete != nil }
}

extension VoiceResponse.Kind {
  fileprivate var socketName: String {
    switch self {
    case .final: "FINAL"
    case .partial: "PARTIAL"
    case .chunk: "CHUNK"
    }
  }
}

extension InputMode {
  /// The mode's name on this wire.
  var socketName: String {
    switch self {
    case .unspecified: "INPUT_VOICE_MODE_UNSPECIFIED"
    case .voice: "INPUT_VOICE"
    case .dtmf: "INPUT_EVENT_DTMF"
    case .voiceAndDTMF: "INPUT_VOICE_DTMF"
    }
  }
}
