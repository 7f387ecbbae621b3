import AudioCodecs
import BotEngine
import Wire

extension VoiceRequest {
  /// The `VoiceVARequest` on the wire.
  public func encoded() -> [UInt8] {
    let builder = MessageBuilder()
    let message = builder.make(webex__voice__voice_varequest__init)
    message.pointee.conversation_id = builder.text(conversationID)
    message.pointee.customer_org_id = builder.text(organizationID)
    message.pointee.virtual_agent_id = builder.text(agentID)
    message.pointee.allow_partial_responses = allowsPartialResponses ? 1 : 0
    if let vendorConfiguration { message.pointee.vendor_specific_config = builder.text(vendorConfiguration) }
    (message.pointee.n_additional_info, message.pointee.additional_info) = builder.entries(
      additionalInfo, webex__voice__voice_varequest__additional_info_entry__init)
    switch input {
    case .none: break
    case .audio(let audio):
      message.pointee.voice_va_input_type_case = WEBEX__VOICE__VOICE_VAREQUEST__VOICE_VA_INPUT_TYPE_AUDIO_INPUT
      let voice = audio.build(builder)
      message.pointee.audio_input = voice
      return audio.bytes.withUnsafeBytes { bytes in
        voice.pointee.caller_audio = .init(lending: bytes)
        return builder.pack(message)
      }
    case .dtmf(let keys):
      message.pointee.voice_va_input_type_case = WEBEX__VOICE__VOICE_VAREQUEST__VOICE_VA_INPUT_TYPE_DTMF_INPUT
      let inputs = builder.make(webex__voice__dtmfinputs__init)
      (inputs.pointee.n_dtmf_events, inputs.pointee.dtmf_events) = builder.numbers(
        keys.map { Webex__Voice__DTMFDigits(rawValue: UInt32(bitPattern: $0.rawValue)) })
      message.pointee.dtmf_input = inputs
    case .event(let event):
      message.pointee.voice_va_input_type_case = WEBEX__VOICE__VOICE_VAREQUEST__VOICE_VA_INPUT_TYPE_EVENT_INPUT
      message.pointee.event_input = event.build(builder)
    }
    return builder.pack(message)
  }
}

extension VoiceRequest.Audio {
  /// Everything but the audio itself.
  fileprivate func build(_ builder: MessageBuilder) -> UnsafeMutablePointer<Webex__Voice__VoiceInput> {
    let message = builder.make(webex__voice__voice_input__init)
    message.pointee.encoding =
      switch encoding {
      case nil: WEBEX__VOICE__VOICE_INPUT__VOICE_ENCODING__UNSPECIFIED_FORMAT
      case .linear16: WEBEX__VOICE__VOICE_INPUT__VOICE_ENCODING__LINEAR16_FORMAT
      case .mulaw: WEBEX__VOICE__VOICE_INPUT__VOICE_ENCODING__MULAW_FORMAT
      case .alaw: WEBEX__VOICE__VOICE_INPUT__VOICE_ENCODING__ALAW_FORMAT
      }
    message.pointee.sample_rate_hertz = sampleRate
    if let languageCode { message.pointee.language_code = builder.text(languageCode) }
    message.pointee.is_single_utterance = isSingleUtterance ? 1 : 0
    return message
  }
}

extension VoiceRequest.Event {
  fileprivate func build(_ builder: MessageBuilder) -> UnsafeMutablePointer<Webex__Voice__EventInput> {
    let message = builder.make(webex__voice__event_input__init)
    message.pointee.event_type = Webex__Voice__EventInput__EventType(rawValue: UInt32(bitPattern: kind.wire))
    if let name { message.pointee.name = builder.text(name) }
    if !parameters.isEmpty { message.pointee.parameters = BotValue.build(parameters, builder) }
    return message
  }
}
