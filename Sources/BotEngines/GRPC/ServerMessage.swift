import AudioCodecs
import BotEngine
import WebexProtocol
import Wire

/// Writes `ServerMessage`s of `Protos/bot.proto`.
struct ServerMessageEncoder {
  /// The version of the interface.
  static let version: UInt32 = 1

  private let encoding: GRPCBotSettings.Encoding
  private let startName: String?
  private let startParameters: [String: BotValue]
  private var converter = RateConverter()

  /// - Parameter info: what the flow hands over with the start of the call.
  init(encoding: GRPCBotSettings.Encoding, info: CallInfo? = nil) {
    self.encoding = encoding
    startName = info?.startName
    startParameters = info?.startParameters ?? [:]
  }

  /// The first message.
  func hello(_ info: CallInfo) -> [UInt8] {
    let builder = MessageBuilder()
    let call = builder.make(patchbay__bot__call_info__init)
    call.pointee.organization = builder.text(info.organization)
    call.pointee.conversation = builder.text(info.conversation)
    call.pointee.agent = builder.text(info.agent)
    if let tracking = info.trackingID { call.pointee.tracking = builder.text(tracking) }
    if let vendor = info.vendorConfiguration { call.pointee.vendor_configuration = builder.text(vendor) }
    call.pointee.resumed = info.isResumed ? 1 : 0
    call.pointee.epoch = info.epoch
    call.pointee.turns = UInt32(clamping: info.formerTurns)
    (call.pointee.n_additional_info, call.pointee.additional_info) = builder.entries(
      info.additionalInfo, patchbay__bot__call_info__additional_info_entry__init)
    (call.pointee.n_left_out, call.pointee.left_out) = builder.texts(info.leftOut)
    return builder.serverMessage(PATCHBAY__BOT__SERVER_MESSAGE__EVENT_HELLO, \.hello, patchbay__bot__hello__init) {
      $0.protocol_version = Self.version
      $0.kind = PATCHBAY__BOT__STREAM_KIND__STREAM_KIND_CONVERSATION
      $0.call = call
      $0.audio = format(builder, rate: 8000)
    }
  }

  /// An event of the call. Not for ``CallerEvent/audio(_:)`` of a rate that cannot be resampled: that gives `nil`.
  mutating func event(_ event: CallerEvent, turn: Int) -> [UInt8]? {
    let builder = MessageBuilder()
    switch event {
    case .started:
      return builder.serverMessage(
        PATCHBAY__BOT__SERVER_MESSAGE__EVENT_STARTED, \.started, turn: turn, patchbay__bot__started__init
      ) {
        if let startName { $0.name = builder.text(startName) }
        if !startParameters.isEmpty { $0.parameters = BotValue.build(startParameters, builder) }
      }
    case .audio(let audio): return self.audio(audio, turn: turn, builder)
    case .speechStarted(let offset):
      return builder.serverMessage(
        PATCHBAY__BOT__SERVER_MESSAGE__EVENT_SPEECH_STARTED, \.speech_started, turn: turn,
        patchbay__bot__speech_started__init
      ) { $0.offset = UInt64(clamping: offset) }
    case .speechEnded(let offset):
      return builder.serverMessage(
        PATCHBAY__BOT__SERVER_MESSAGE__EVENT_SPEECH_ENDED, \.speech_ended, turn: turn, patchbay__bot__speech_ended__init
      ) { $0.offset = UInt64(clamping: offset) }
    case .digits(let digits):
      return builder.serverMessage(
        PATCHBAY__BOT__SERVER_MESSAGE__EVENT_DIGITS, \.digits, turn: turn, patchbay__bot__digits__init
      ) { $0.digits = builder.text(digits) }
    case .noInput:
      return builder.serverMessage(
        PATCHBAY__BOT__SERVER_MESSAGE__EVENT_NO_INPUT, \.no_input, turn: turn, patchbay__bot__no_input__init)
    case .custom(let name, let parameters):
      return builder.serverMessage(
        PATCHBAY__BOT__SERVER_MESSAGE__EVENT_CUSTOM, \.custom, turn: turn, patchbay__bot__custom_event__init
      ) {
        $0.name = builder.text(name)
        $0.parameters = BotValue.build(parameters, builder)
      }
    case .interrupted(let milliseconds, let characters):
      return builder.serverMessage(
        PATCHBAY__BOT__SERVER_MESSAGE__EVENT_INTERRUPTED, \.interrupted, turn: turn, patchbay__bot__interrupted__init
      ) {
        $0.played = UInt64(clamping: milliseconds)
        $0.played_characters = UInt64(clamping: characters ?? 0)
      }
    case .mark(let name, let played):
      return builder.serverMessage(
        PATCHBAY__BOT__SERVER_MESSAGE__EVENT_MARK, \.mark, turn: turn, patchbay__bot__mark_reached__init
      ) {
        $0.name = builder.text(name)
        $0.played = played ? 1 : 0
      }
    case .ended(let end):
      return builder.serverMessage(
        PATCHBAY__BOT__SERVER_MESSAGE__EVENT_ENDED, \.ended, turn: turn, patchbay__bot__ended__init
      ) { $0.reason = end.wire }
    }
  }

  /// What is known of the end of the caller's turn.
  func event(_ event: TurnEvent, turn: Int) -> [UInt8] {
    let builder = MessageBuilder()
    switch event {
    case .mayBeOver(let offset):
      return builder.serverMessage(
        PATCHBAY__BOT__SERVER_MESSAGE__EVENT_TURN_MAY_BE_OVER, \.turn_may_be_over, turn: turn,
        patchbay__bot__turn_may_be_over__init
      ) { $0.offset = UInt64(clamping: offset) }
    case .resumed:
      return builder.serverMessage(
        PATCHBAY__BOT__SERVER_MESSAGE__EVENT_TURN_RESUMED, \.turn_resumed, turn: turn,
        patchbay__bot__turn_resumed__init)
    case .over(let offset):
      return builder.serverMessage(
        PATCHBAY__BOT__SERVER_MESSAGE__EVENT_TURN_OVER, \.turn_over, turn: turn, patchbay__bot__turn_over__init
      ) { $0.offset = UInt64(clamping: offset) }
    }
  }

  private mutating func audio(_ audio: CallerAudio, turn: Int, _ builder: MessageBuilder) -> [UInt8]? {
    switch encoding {
    case .linear16:
      // The machines this runs on keep numbers as the wire does.
      return audio.samples.withUnsafeBytes { write(audio, rate: audio.sampleRate, bytes: $0, turn: turn, builder) }
    case .mulaw:
      let samples = converter.convert(audio.samples, from: audio.sampleRate)
      guard !samples.isEmpty else { return nil }
      return AudioEncoding.mulaw.encode(samples).withUnsafeBytes {
        write(audio, rate: 8000, bytes: $0, turn: turn, builder)
      }
    }
  }

  private func write(
    _ audio: CallerAudio, rate: Int, bytes: UnsafeRawBufferPointer, turn: Int, _ builder: MessageBuilder
  ) -> [UInt8] {
    builder.serverMessage(
      PATCHBAY__BOT__SERVER_MESSAGE__EVENT_AUDIO, \.audio, turn: turn, patchbay__bot__audio__init
    ) {
      $0.samples = .init(lending: bytes)
      $0.offset = UInt64(clamping: audio.offset)
      $0.format = format(builder, rate: rate)
    }
  }

  private func format(_ builder: MessageBuilder, rate: Int) -> UnsafeMutablePointer<Patchbay__Bot__AudioFormat> {
    let format = builder.make(patchbay__bot__audio_format__init)
    format.pointee.encoding =
      encoding == .mulaw
      ? PATCHBAY__BOT__AUDIO_ENCODING__AUDIO_ENCODING_MULAW : PATCHBAY__BOT__AUDIO_ENCODING__AUDIO_ENCODING_LINEAR16
    format.pointee.sample_rate = UInt32(clamping: rate)
    return format
  }
}

extension MessageBuilder {
  /// Packs a `ServerMessage` with one event: which of the oneof it is, its place there, its `…__init` and what fills it.
  func serverMessage<Event>(
    _ kind: Patchbay__Bot__ServerMessage__EventCase,
    _ place: WritableKeyPath<Patchbay__Bot__ServerMessage, UnsafeMutablePointer<Event>?>, turn: Int = 0,
    _ initialize: (UnsafeMutablePointer<Event>?) -> Void, _ fill: (inout Event) -> Void = { _ in }
  ) -> [UInt8] {
    let event = make(initialize)
    fill(&event.pointee)
    let message = make(patchbay__bot__server_message__init)
    message.pointee.turn = UInt64(clamping: turn)
    message.pointee.event_case = kind
    message.pointee[keyPath: place] = event
    return pack(message)
  }
}

extension CallEnd {
  fileprivate var wire: Patchbay__Bot__EndReason {
    switch self {
    case .hangup: PATCHBAY__BOT__END_REASON__END_REASON_HANGUP
    case .ended: PATCHBAY__BOT__END_REASON__END_REASON_ENDED
    case .transferred: PATCHBAY__BOT__END_REASON__END_REASON_TRANSFERRED
    // To the bot it is the same: nothing came any more.
    case .idle, .lost, .handedOver: PATCHBAY__BOT__END_REASON__END_REASON_IDLE
    case .tooLong: PATCHBAY__BOT__END_REASON__END_REASON_TOO_LONG
    case .shutdown: PATCHBAY__BOT__END_REASON__END_REASON_SHUTDOWN
    case .botFailed: PATCHBAY__BOT__END_REASON__END_REASON_BOT_FAILED
    }
  }
}
