import BotEngine
import Wire

extension VoiceResponse {
  private static let schema = WireSchema(webex__voice__voice_varesponse__init, limits: .response)

  /// Reads a `VoiceVAResponse`, as our own clients do, within the bounds of ``WireLimits/response``.
  ///
  /// Protobuf does not tell an empty field from an absent one: empty texts and numbers of 0 become `nil`, and a prompt
  /// without text, audio and URI is one whose audio is present and empty. Numbers that an enum does not have become its
  /// "unspecified" value. SSML counts as text.
  ///
  /// - Throws: ``MessageError`` where the response is malformed, over a limit or of an unknown type.
  public init(decoding bytes: UnsafeRawBufferPointer) throws {
    let arena = CappedArena(responseBytes: bytes.count)
    let decoder = MessageDecoder<Webex__Voice__VoiceVAResponse>(Self.schema, arena: arena)
    let message = try decoder.decode(bytes)
    self = try VoiceResponse(message.pointer.pointee)
  }

  /// Reads a `VoiceVAResponse` from an array.
  public init(decoding bytes: [UInt8]) throws {
    self = try bytes.withUnsafeBytes { try VoiceResponse(decoding: $0) }
  }

  private init(_ message: Webex__Voice__VoiceVAResponse) throws(MessageError) {
    let type = Int32(bitPattern: message.response_type.rawValue)
    guard let kind = Kind(rawValue: type) else { throw MessageError(.unknownValue(type), at: "response_type") }
    let mode = InputMode(rawValue: Int32(bitPattern: message.input_mode.rawValue)) ?? .unspecified
    self.init(
      kind,
      prompts: UnsafeBufferPointer(start: message.prompts, count: message.n_prompts).compactMap {
        ($0?.pointee).map(Prompt.init)
      },
      events: UnsafeBufferPointer(start: message.output_events, count: message.n_output_events).compactMap {
        ($0?.pointee).map(Event.init)
      },
      isInputSensitive: message.input_sensitive != 0, inputMode: mode == .unspecified ? nil : mode,
      inputHandling: (message.input_handling_config?.pointee).map(InputHandling.init),
      transcript: Self.text(message.session_transcript), summary: Self.text(message.session_summary),
      isPromptCancellationDisabled: message.disable_prompt_cancellation != 0)
  }

  private static func text(_ message: UnsafePointer<Webex__Voice__TextContent>?) -> String? {
    switch message?.pointee.input_content_case {
    case WEBEX__VOICE__TEXT_CONTENT__INPUT_CONTENT_TEXT: BorrowedText(message?.pointee.text).string
    case WEBEX__VOICE__TEXT_CONTENT__INPUT_CONTENT_SSML: BorrowedText(message?.pointee.ssml).string
    default: nil
    }
  }
}

extension VoiceResponse.Prompt {
  fileprivate init(_ message: Webex__Voice__Prompt) {
    let text = BorrowedText(message.text).nonEmptyString
    let audio = Array(UnsafeBufferPointer(start: message.audio_content.data, count: message.audio_content.len))
    let uri = BorrowedText(message.audio_uri).nonEmptyString
    let saysNothingElse = text == nil && uri == nil
    self.init(
      text: text, audio: audio.isEmpty && !saysNothingElse ? nil : audio, audioURI: uri,
      isBargeInEnabled: message.is_barge_in_enabled != 0)
  }
}

extension VoiceResponse.Event {
  fileprivate init(_ message: Webex__Voice__OutputEvent) {
    self.init(
      Kind(rawValue: Int32(bitPattern: message.event_type.rawValue)) ?? .unspecified,
      name: BorrowedText(message.name).nonEmptyString, metadata: BotValue.object(message.metadata))
  }
}

extension InputHandling {
  fileprivate init(_ message: Webex__Voice__InputHandlingConfig) {
    func stated(_ number: Int32) -> Int32? { number == 0 ? nil : number }
    self.init(
      dtmf: (message.dtmf_config?.pointee).map {
        DTMF(
          interDigitTimeout: stated($0.inter_digit_timeout_msec),
          terminator: DTMFKey(rawValue: Int32(bitPattern: $0.termchar.rawValue)), length: stated($0.dtmf_input_length))
      },
      speechTimers: (message.speech_timers?.pointee).map {
        SpeechTimers(
          maximumSpeech: stated($0.max_speech_timeout_msec), complete: stated($0.complete_timeout_msec),
          incomplete: stated($0.incomplete_timeout_msec), noInput: stated($0.no_input_timeout_msec))
      })
  }
}
