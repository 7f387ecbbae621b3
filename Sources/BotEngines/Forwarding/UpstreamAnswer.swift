import AudioCodecs
import BotEngine
import WebexProtocol

/// What a response of another server means, in the terms of a bot.
struct UpstreamAnswer {
  /// What its first event says of the caller's turn.
  enum Bound {
    /// The caller began to speak.
    case start
    /// The caller has finished: the answer follows.
    case end
  }

  /// Set where the response bounds the caller's turn instead of answering it.
  private(set) var bound: Bound?
  /// What the bot does, in order.
  private(set) var commands: [BotCommand] = []
  /// Whether the answer is complete.
  private(set) var isComplete = false
  /// Whether the call is no longer the other server's.
  private(set) var isLeave = false
  /// Whether the caller hears something of it.
  private(set) var isSpoken = false
  /// Whether it has no prompt, no event and no word on how the caller is to be listened to.
  private(set) var isEmpty = false
  /// Why it cannot be carried out.
  private(set) var failure: BotFailure?

  /// Reads a response.
  ///
  /// Audio is a WAV file where it begins like one: what Patchbay does not play as it is gets converted. All else is raw
  /// mu-law in a CHUNK, and in the FINAL that follows CHUNKs, unless it begins as a file of another kind.
  init(_ response: VoiceResponse, settings: ForwardingSettings, followsChunks: Bool = false) {
    let event = response.events.first
    switch event?.kind {
    case .startOfInput: bound = .start
    case .endOfInput: bound = .end
    default: break
    }
    for prompt in response.prompts {
      if let audio = prompt.audio, !audio.isEmpty {
        add(audio, of: prompt, in: response, mayBeRaw: response.kind != .final || followsChunks)
      } else if let text = prompt.text {
        commands.append(
          .text(
            text, bargeIn: prompt.isBargeInEnabled,
            disablesPromptCancellation: response.isPromptCancellationDisabled))
      } else if prompt.audioURI != nil {
        failure = BotFailure(
          .garbage, "a prompt is only an audio_uri, which is not fetched; send the audio itself, or text")
      }
    }
    isSpoken = !commands.isEmpty
    isEmpty =
      !isSpoken && (event?.kind ?? .unspecified) == .unspecified && response.inputMode == nil
      && response.inputHandling == nil && response.transcript == nil
    guard bound == nil else { return }
    if let transcript = response.transcript { addTranscript(transcript) }
    switch event?.kind {
    case .sessionEnd:
      commands.append(.end)
      isLeave = true
    case .transferToAgent:
      var metadata = (event?.metadata ?? [:])
      var summary = response.summary
      if case .string(let text)? = metadata.removeValue(forKey: "summary"), summary == nil { summary = text }
      commands.append(.transfer(summary: summary, metadata: metadata))
      isLeave = true
    case .custom:
      commands.append(
        .customEvent(name: event?.name ?? "", metadata: (event?.metadata ?? [:])))
    case .startOfInput, .endOfInput, .noMatch, .noInput, .unspecified, nil: break
    }
    isComplete = response.kind == .final
    if isComplete, !isLeave {
      commands.append(.sensitive(response.isInputSensitive))
      commands.append(.endTurn(BotInputSettings(response.inputMode, response.inputHandling, settings)))
    }
  }

  private mutating func add(
    _ audio: [UInt8], of prompt: VoiceResponse.Prompt, in response: VoiceResponse, mayBeRaw: Bool
  ) {
    let content: BotAudio.Content
    switch AudioFileKind(of: audio) {
    case .wav?:
      do throws(AudioError) { content = try Self.content(ofWAV: audio) } catch {
        failure = BotFailure(.garbage, "a prompt cannot be played: \(error.message)")
        return
      }
    case let kind?:
      failure = BotFailure(.garbage, "a prompt is \(kind.rawValue); send a WAV file, or raw mu-law in CHUNK responses")
      return
    case nil where mayBeRaw: content = .mulaw(audio)
    case nil:
      failure = BotFailure(
        .garbage, "a prompt of a FINAL response is no WAV file; raw mu-law is for CHUNK responses")
      return
    }
    commands.append(
      .audio(
        BotAudio(
          content, bargeIn: prompt.isBargeInEnabled,
          disablesPromptCancellation: response.isPromptCancellationDisabled)))
  }

  /// A file that is ours already, or any other one converted.
  private static func content(ofWAV bytes: [UInt8]) throws(AudioError) -> BotAudio.Content {
    if let file = try? WAVFile(parsing: bytes) {
      return file.format == .telephone
        ? .mulaw(file.audio) : .linear(file.samples, sampleRate: file.format.sampleRate)
    }
    return .mulaw(AudioEncoding.mulaw.encode(try ForeignWAVFile(parsing: bytes).samples(at: 8000)))
  }

  /// Lines that say who spoke keep it, others are the bot's.
  private mutating func addTranscript(_ transcript: String) {
    for line in transcript.split(separator: "\n") {
      if line.hasPrefix("caller: ") {
        commands.append(.transcript(speaker: .caller, text: String(line.dropFirst(8))))
      } else {
        commands.append(
          .transcript(speaker: .agent, text: String(line.hasPrefix("agent: ") ? line.dropFirst(7) : line)))
      }
    }
  }
}

extension BotInputSettings {
  /// How the other server wants the caller to be listened to; `nil` where it says nothing of it.
  fileprivate init?(_ mode: InputMode?, _ handling: InputHandling?, _ settings: ForwardingSettings) {
    guard mode != nil || handling != nil else { return nil }
    func stated(_ number: Int32?) -> Int? { number.flatMap { $0 > 0 ? Int($0) : nil } }
    let dtmf = handling?.dtmf
    let speech = handling?.speechTimers
    let own: Mode =
      switch mode {
      case .voice: .voice
      case .dtmf: .digits
      case .voiceAndDTMF, .unspecified, nil: .voiceAndDigits
      }
    self.init(
      mode: own, digitCount: stated(dtmf?.length), terminator: dtmf?.terminator?.character,
      interDigitTimeout: stated(dtmf?.interDigitTimeout), noInputTimeout: stated(speech?.noInput),
      endSilence: settings.endSilence(stated: stated(speech?.complete)), maximumSpeech: stated(speech?.maximumSpeech))
  }
}
