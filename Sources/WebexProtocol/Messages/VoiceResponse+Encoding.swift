import BotEngine
import Wire

extension VoiceResponse {
  private static let audioContent: UInt32 = 3

  /// The `VoiceVAResponse` on the wire. Audio is copied once, into the result. An empty `audio` is written as a field of
  /// length 0.
  public func encoded() -> [UInt8] {
    let builder = MessageBuilder()
    let message = builder.make(webex__voice__voice_varesponse__init)
    let messages = prompts.map { $0.build(builder) }
    (message.pointee.n_prompts, message.pointee.prompts) = builder.array(messages)
    (message.pointee.n_output_events, message.pointee.output_events) = builder.array(events.map { $0.build(builder) })
    message.pointee.input_sensitive = isInputSensitive ? 1 : 0
    message.pointee.input_mode = Webex__Voice__VoiceVAInputMode(
      rawValue: UInt32(bitPattern: (inputMode ?? .unspecified).rawValue))
    message.pointee.input_handling_config = inputHandling?.build(builder)
    message.pointee.session_transcript = transcript.map { Self.text($0, builder) }
    message.pointee.session_summary = summary.map { Self.text($0, builder) }
    message.pointee.disable_prompt_cancellation = isPromptCancellationDisabled ? 1 : 0
    message.pointee.response_type = Webex__Voice__VoiceVAResponse__ResponseType(
      rawValue: UInt32(bitPattern: kind.rawValue))
    return pack(message, messages, from: 0, builder)
  }

  /// Holds on to the prompts' audio one by one and writes the message within.
  private func pack(
    _ message: UnsafeMutablePointer<Webex__Voice__VoiceVAResponse>,
    _ messages: [UnsafeMutablePointer<Webex__Voice__Prompt>], from index: Int, _ builder: MessageBuilder
  ) -> [UInt8] {
    var index = index
    while index < prompts.count {
      let prompt = messages[index]
      switch prompts[index].audio {
      case nil: break
      case let audio? where audio.isEmpty:
        prompt.pointee.base.n_unknown_fields = 1
        prompt.pointee.base.unknown_fields = builder.emptyField(Self.audioContent)
      case let audio?:
        return audio.withUnsafeBytes { bytes in
          prompt.pointee.audio_content = .init(lending: bytes)
          return pack(message, messages, from: index + 1, builder)
        }
      }
      index += 1
    }
    return builder.pack(message)
  }

  private static func text(
    _ text: String, _ builder: MessageBuilder
  ) -> UnsafeMutablePointer<Webex__Voice__TextContent> {
    let message = builder.make(webex__voice__text_content__init)
    message.pointee.input_content_case = WEBEX__VOICE__TEXT_CONTENT__INPUT_CONTENT_TEXT
    message.pointee.text = builder.text(text)
    return message
  }
}

extension VoiceResponse.Prompt {
  /// Everything but the audio.
  fileprivate func build(_ builder: MessageBuilder) -> UnsafeMutablePointer<Webex__Voice__Prompt> {
    let message = builder.make(webex__voice__prompt__init)
    if let text { message.pointee.text = builder.text(text) }
    if let audioURI { message.pointee.audio_uri = builder.text(audioURI) }
    message.pointee.is_barge_in_enabled = isBargeInEnabled ? 1 : 0
    return message
  }
}

extension VoiceResponse.Event {
  fileprivate func build(_ builder: MessageBuilder) -> UnsafeMutablePointer<Webex__Voice__OutputEvent> {
    let message = builder.make(webex__voice__output_event__init)
    message.pointee.event_type = Webex__Voice__OutputEvent__EventType(rawValue: UInt32(bitPattern: kind.rawValue))
    if let name { message.pointee.name = builder.text(name) }
    if !metadata.isEmpty { message.pointee.metadata = BotValue.build(metadata, builder) }
    return message
  }
}

extension InputHandling {
  fileprivate func build(_ builder: MessageBuilder) -> UnsafeMutablePointer<Webex__Voice__InputHandlingConfig> {
    let message = builder.make(webex__voice__input_handling_config__init)
    if let dtmf {
      let config = builder.make(webex__voice__dtmfinput_config__init)
      config.pointee.inter_digit_timeout_msec = dtmf.interDigitTimeout ?? 0
      config.pointee.termchar = Webex__Voice__DTMFDigits(rawValue: UInt32(bitPattern: dtmf.terminator?.rawValue ?? 0))
      config.pointee.dtmf_input_length = dtmf.length ?? 0
      message.pointee.dtmf_config = config
    }
    if let speechTimers {
      let timers = builder.make(webex__voice__input_speech_timers__init)
      timers.pointee.max_speech_timeout_msec = speechTimers.maximumSpeech ?? 0
      timers.pointee.complete_timeout_msec = speechTimers.complete ?? 0
      timers.pointee.incomplete_timeout_msec = speechTimers.incomplete ?? 0
      timers.pointee.no_input_timeout_msec = speechTimers.noInput ?? 0
      message.pointee.speech_timers = timers
    }
    return message
  }
}
