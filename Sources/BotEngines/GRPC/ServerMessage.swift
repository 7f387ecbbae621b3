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
  private var resampler: Resampler?

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
    let entries = info.additionalInfo.sorted { $0.key < $1.key }.map { key, value in
      let entry = builder.make(patchbay__bot__call_info__additional_info_entry__init)
      entry.pointee.key = builder.text(key)
      entry.pointee.value = builder.text(value)
      return entry
    }
    (call.pointee.n_additional_info, call.pointee.additional_info) = builder.array(entries)
    (call.pointee.n_left_out, call.pointee.left_out) = builder.texts(info.leftOut)
    let hello = builder.make(patchbay__bot__hello__init)
    hello.pointee.protocol_version = Self.version
    hello.pointee.kind = PATCHBAY__BOT__STREAM_KIND__STREAM_KIND_CONVERSATION
    hello.pointee.call = call
    hello.pointee.audio = format(builder, rate: 8000)
    return write(builder, turn: 0) {
      $0.event_case = PATCHBAY__BOT__SERVER_MESSAGE__EVENT_HELLO
      $0.hello = hello
    }
  }

  /// An event of the call. Not for ``CallerEvent/audio(_:)`` of a rate that cannot be resampled: that gives `nil`.
  mutating func event(_ event: CallerEvent, turn: Int) -> [UInt8]? {
    let builder = MessageBuilder()
    switch event {
    case .started:
      let message = builder.make(patchbay__bot__started__init)
      if let startName { message.pointee.name = builder.text(startName) }
      if !startParameters.isEmpty {
        message.pointee.parameters = BotValue.build(startParameters, builder)
      }
      return write(builder, turn: turn) {
        $0.event_case = PATCHBAY__BOT__SERVER_MESSAGE__EVENT_STARTED
        $0.started = message
      }
    case .audio(let audio): return self.audio(audio, turn: turn, builder)
    case .speechStarted(let offset):
      let message = builder.make(patchbay__bot__speech_started__init)
      message.pointee.offset = UInt64(clamping: offset)
      return write(builder, turn: turn) {
        $0.event_case = PATCHBAY__BOT__SERVER_MESSAGE__EVENT_SPEECH_STARTED
        $0.speech_started = message
      }
    case .speechEnded(let offset):
      let message = builder.make(patchbay__bot__speech_ended__init)
      message.pointee.offset = UInt64(clamping: offset)
      return write(builder, turn: turn) {
        $0.event_case = PATCHBAY__BOT__SERVER_MESSAGE__EVENT_SPEECH_ENDED
        $0.speech_ended = message
      }
    case .digits(let digits):
      let message = builder.make(patchbay__bot__digits__init)
      message.pointee.digits = builder.text(digits)
      return write(builder, turn: turn) {
        $0.event_case = PATCHBAY__BOT__SERVER_MESSAGE__EVENT_DIGITS
        $0.digits = message
      }
    case .noInput:
      return write(builder, turn: turn) {
        $0.event_case = PATCHBAY__BOT__SERVER_MESSAGE__EVENT_NO_INPUT
        $0.no_input = builder.make(patchbay__bot__no_input__init)
      }
    case .custom(let name, let parameters):
      let message = builder.make(patchbay__bot__custom_event__init)
      message.pointee.name = builder.text(name)
      message.pointee.parameters = BotValue.build(parameters, builder)
      return write(builder, turn: turn) {
        $0.event_case = PATCHBAY__BOT__SERVER_MESSAGE__EVENT_CUSTOM
        $0.custom = message
      }
    case .interrupted(let milliseconds):
      let message = builder.make(patchbay__bot__interrupted__init)
      message.pointee.played = UInt64(clamping: milliseconds)
      return write(builder, turn: turn) {
        $0.event_case = PATCHBAY__BOT__SERVER_MESSAGE__EVENT_INTERRUPTED
        $0.interrupted = message
      }
    case .mark(let name, let played):
      let message = builder.make(patchbay__bot__mark_reached__init)
      message.pointee.name = builder.text(name)
      message.pointee.played = played ? 1 : 0
      return write(builder, turn: turn) {
        $0.event_case = PATCHBAY__BOT__SERVER_MESSAGE__EVENT_MARK
        $0.mark = message
      }
    case .ended(let end):
      let message = builder.make(patchbay__bot__ended__init)
      message.pointee.reason = end.wire
      return write(builder, turn: turn) {
        $0.event_case = PATCHBAY__BOT__SERVER_MESSAGE__EVENT_ENDED
        $0.ended = message
      }
    }
  }

  private mutating func audio(_ audio: CallerAudio, turn: Int, _ builder: MessageBuilder) -> [UInt8]? {
    switch encoding {
    case .linear16:
      // The machines this runs on keep numbers as the wire does.
      return audio.samples.withUnsafeBytes {
        write(audio, rate: audio.sampleRate, bytes: $0.bindMemory(to: UInt8.self), turn: turn, builder)
      }
    case .mulaw:
      var samples = audio.samples
      if audio.sampleRate != 8000 {
        if resampler?.inputRate != audio.sampleRate { resampler = try? Resampler(from: audio.sampleRate, to: 8000) }
        guard let resampler else { return nil }
        samples = resampler.process(samples)
      }
      return AudioEncoding.mulaw.encode(samples).withUnsafeBufferPointer {
        write(audio, rate: 8000, bytes: $0, turn: turn, builder)
      }
    }
  }

  private func write(
    _ audio: CallerAudio, rate: Int, bytes: UnsafeBufferPointer<UInt8>, turn: Int, _ builder: MessageBuilder
  ) -> [UInt8] {
    let message = builder.make(patchbay__bot__audio__init)
    message.pointee.samples = .init(len: bytes.count, data: UnsafeMutablePointer(mutating: bytes.baseAddress))
    message.pointee.offset = UInt64(clamping: audio.offset)
    message.pointee.format = format(builder, rate: rate)
    return write(builder, turn: turn) {
      $0.event_case = PATCHBAY__BOT__SERVER_MESSAGE__EVENT_AUDIO
      $0.audio = message
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

  private func write(
    _ builder: MessageBuilder, turn: Int, _ fill: (inout Patchbay__Bot__ServerMessage) -> Void
  ) -> [UInt8] {
    let message = builder.make(patchbay__bot__server_message__init)
    message.pointee.turn = UInt64(clamping: turn)
    fill(&message.pointee)
    return builder.pack(message)
  }
}

extension CallEnd {
  fileprivate var wire: Patchbay__Bot__EndReason {
    switch self {
    case .hangup: PATCHBAY__BOT__END_REASON__END_REASON_HANGUP
    case .ended: PATCHBAY__BOT__END_REASON__END_REASON_ENDED
    case .transferred: PATCHBAY__BOT__END_REASON__END_REASON_TRANSFERRED
    // To the bot it is the same: nothing came any more.
    case .idle, .lost: PATCHBAY__BOT__END_REASON__END_REASON_IDLE
    case .tooLong: PATCHBAY__BOT__END_REASON__END_REASON_TOO_LONG
    case .shutdown: PATCHBAY__BOT__END_REASON__END_REASON_SHUTDOWN
    case .botFailed: PATCHBAY__BOT__END_REASON__END_REASON_BOT_FAILED
    }
  }
}
