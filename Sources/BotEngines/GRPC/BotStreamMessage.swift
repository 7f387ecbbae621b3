import AudioCodecs
import BotEngine
import WebexProtocol
import Wire

/// A `BotMessage` of `Protos/bot.proto`, read and checked.
enum BotStreamMessage {
  /// The version that the bot speaks.
  case welcome(version: Int)
  /// What shall be done, and the turn that the bot gives; `nil` is the latest.
  case command(BotCommand, turn: Int?)
  /// A command of a later version, or none.
  case unknown
}

/// Reads what a bot sends. For one thread at a time; its memory is reused.
final class BotStreamDecoder {
  private static let schema = WireSchema(patchbay__bot__bot_message__init, limits: .bot)
  private let decoder = MessageDecoder<Patchbay__Bot__BotMessage>(schema)

  /// Reads a message. Throws ``BotFailure`` of the kind garbage where it is not one.
  func decode(_ bytes: UnsafeRawBufferPointer) throws(BotFailure) -> BotStreamMessage {
    do {
      let message = try decoder.decode(bytes)
      return try Self.message(message.pointer.pointee)
    } catch let failure as BotFailure {
      throw failure
    } catch {
      throw BotFailure(.garbage, "\((error as? MessageError)?.description ?? "the message cannot be read")")
    }
  }

  private static func message(_ message: Patchbay__Bot__BotMessage) throws(BotFailure) -> BotStreamMessage {
    if message.command_case == PATCHBAY__BOT__BOT_MESSAGE__COMMAND_WELCOME {
      return .welcome(version: Int(max(message.welcome?.pointee.protocol_version ?? 1, 1)))
    }
    guard let command = try command(message) else { return .unknown }
    return .command(command, turn: message.turn == 0 ? nil : Int(clamping: message.turn))
  }

  private static func command(_ message: Patchbay__Bot__BotMessage) throws(BotFailure) -> BotCommand? {
    switch message.command_case {
    case PATCHBAY__BOT__BOT_MESSAGE__COMMAND_AUDIO:
      guard let audio = message.audio?.pointee else { return nil }
      return .audio(try BotAudio(audio))
    case PATCHBAY__BOT__BOT_MESSAGE__COMMAND_TEXT:
      guard let text = message.text?.pointee else { return nil }
      return .text(
        BorrowedText(text.text).string, bargeIn: text.uninterruptible == 0,
        disablesPromptCancellation: text.disable_prompt_cancellation != 0)
    case PATCHBAY__BOT__BOT_MESSAGE__COMMAND_CLEAR: return .clear
    case PATCHBAY__BOT__BOT_MESSAGE__COMMAND_END_TURN:
      let stated = message.end_turn?.pointee.settings?.pointee
      return .endTurn(try stated.map(settings(of:)))
    case PATCHBAY__BOT__BOT_MESSAGE__COMMAND_TRANSFER:
      let transfer = message.transfer?.pointee
      return .transfer(
        summary: BorrowedText(transfer?.summary).nonEmptyString, metadata: BotValue.object(transfer?.metadata))
    case PATCHBAY__BOT__BOT_MESSAGE__COMMAND_END: return .end
    case PATCHBAY__BOT__BOT_MESSAGE__COMMAND_INPUT_SETTINGS:
      guard let settings = message.input_settings?.pointee else { return nil }
      return .inputSettings(try self.settings(of: settings))
    case PATCHBAY__BOT__BOT_MESSAGE__COMMAND_CUSTOM:
      guard let event = message.custom?.pointee else { return nil }
      return .customEvent(name: BorrowedText(event.name).string, metadata: BotValue.object(event.parameters))
    case PATCHBAY__BOT__BOT_MESSAGE__COMMAND_SENSITIVE:
      return .sensitive(message.sensitive?.pointee.sensitive != 0)
    case PATCHBAY__BOT__BOT_MESSAGE__COMMAND_TRANSCRIPT:
      guard let line = message.transcript?.pointee else { return nil }
      let isCaller = line.speaker == PATCHBAY__BOT__TRANSCRIPT__SPEAKER__SPEAKER_CALLER
      return .transcript(speaker: isCaller ? .caller : .agent, text: BorrowedText(line.text).string)
    case PATCHBAY__BOT__BOT_MESSAGE__COMMAND_MARK: return .mark(BorrowedText(message.mark?.pointee.name).string)
    case PATCHBAY__BOT__BOT_MESSAGE__COMMAND_END_INPUT: return .endInput
    case PATCHBAY__BOT__BOT_MESSAGE__COMMAND_FILLER: return .filler
    default: return nil
    }
  }

  private static func settings(
    of message: Patchbay__Bot__InputSettings
  ) throws(BotFailure) -> BotInputSettings {
    func stated(_ number: UInt32) -> Int? { number == 0 ? nil : Int(number) }
    let terminator = BorrowedText(message.terminator).string
    guard terminator.isEmpty || terminator.count == 1 && "0123456789ABCD*#".contains(terminator) else {
      throw BotFailure(.garbage, "settings.terminator has to be one of 0-9, A-D, * and #")
    }
    let mode: BotInputSettings.Mode =
      switch message.mode {
      case PATCHBAY__BOT__INPUT_SETTINGS__MODE__MODE_VOICE: .voice
      case PATCHBAY__BOT__INPUT_SETTINGS__MODE__MODE_DIGITS: .digits
      default: .voiceAndDigits
      }
    return BotInputSettings(
      mode: mode, digitCount: stated(message.digit_count), terminator: terminator.first,
      interDigitTimeout: stated(message.inter_digit_timeout), noInputTimeout: stated(message.no_input_timeout),
      endSilence: stated(message.end_silence), maximumSpeech: stated(message.maximum_speech),
      expects: expectation(message.expects))
  }

  /// What of a later version this one does not know is no expectation.
  private static func expectation(_ value: Patchbay__Bot__InputSettings__Expectation) -> BotExpectation? {
    switch value {
    case PATCHBAY__BOT__INPUT_SETTINGS__EXPECTATION__EXPECTATION_YES_NO: .yesNo
    case PATCHBAY__BOT__INPUT_SETTINGS__EXPECTATION__EXPECTATION_DIGITS: .digits
    case PATCHBAY__BOT__INPUT_SETTINGS__EXPECTATION__EXPECTATION_ADDRESS: .address
    case PATCHBAY__BOT__INPUT_SETTINGS__EXPECTATION__EXPECTATION_FREE: .free
    default: nil
    }
  }
}

extension BotAudio {
  fileprivate init(_ message: Patchbay__Bot__Audio) throws(BotFailure) {
    let bytes = UnsafeRawBufferPointer(start: message.samples.data, count: message.samples.len)
    let rate = message.format?.pointee.sample_rate ?? 0
    let bargeIn = message.uninterruptible == 0
    let disables = message.disable_prompt_cancellation != 0
    let text = BorrowedText(message.text).nonEmptyString
    switch message.format?.pointee.encoding {
    case PATCHBAY__BOT__AUDIO_ENCODING__AUDIO_ENCODING_MULAW where rate == 8000 || rate == 0:
      self.init(.mulaw(Array(bytes)), bargeIn: bargeIn, disablesPromptCancellation: disables, text: text)
    case PATCHBAY__BOT__AUDIO_ENCODING__AUDIO_ENCODING_LINEAR16 where Resampler.rates.contains(Int(rate)):
      guard bytes.count % 2 == 0 else {
        throw BotFailure(.garbage, "linear16 audio of \(bytes.count) bytes, which is half a sample too many")
      }
      let samples = (0..<bytes.count / 2).map {
        Int16(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 2, as: Int16.self))
      }
      self.init(
        .linear(samples, sampleRate: Int(rate)), bargeIn: bargeIn, disablesPromptCancellation: disables, text: text)
    default:
      throw BotFailure(
        .garbage, "audio.format has to be mulaw at 8000, or linear16 at 8000, 16000, 24000 or 48000 samples a second")
    }
  }
}
