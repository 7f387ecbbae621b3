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
  /// Prompts that could not be read.
  private(set) var refusedPrompts = 0

  /// Reads a response. Audio is taken for a WAV file where it begins like one, and for raw mu-law else, whichever the
  /// response's type: both modes are accepted.
  init(_ response: VoiceResponse) {
    let event = response.events.first
    switch event?.kind {
    case .startOfInput: bound = .start
    case .endOfInput: bound = .end
    default: break
    }
    for prompt in response.prompts {
      if let audio = prompt.audio, !audio.isEmpty {
        add(audio, bargeIn: prompt.isBargeInEnabled)
      } else if let text = prompt.text {
        commands.append(.text(text, bargeIn: prompt.isBargeInEnabled))
      }
    }
    guard bound == nil else { return }
    if let transcript = response.transcript { addTranscript(transcript) }
    switch event?.kind {
    case .sessionEnd:
      commands.append(.end)
      isLeave = true
    case .transferToAgent:
      var metadata = (event?.metadata ?? [:]).mapValues(BotValue.init)
      var summary = response.summary
      if case .string(let text)? = metadata.removeValue(forKey: "summary"), summary == nil { summary = text }
      commands.append(.transfer(summary: summary, metadata: metadata))
      isLeave = true
    case .custom:
      commands.append(
        .customEvent(name: event?.name ?? "", metadata: (event?.metadata ?? [:]).mapValues(BotValue.init)))
    case .startOfInput, .endOfInput, .noMatch, .noInput, .unspecified, nil: break
    }
    isComplete = response.kind == .final
    if isComplete, !isLeave {
      commands.append(.sensitive(response.isInputSensitive))
      commands.append(.endTurn(BotInputSettings(response.inputMode, response.inputHandling)))
    }
  }

  private mutating func add(_ audio: [UInt8], bargeIn: Bool) {
    guard audio.starts(with: [0x52, 0x49, 0x46, 0x46]) else {
      commands.append(.audio(BotAudio(.mulaw(audio), bargeIn: bargeIn)))
      return
    }
    guard let file = try? WAVFile(parsing: audio) else {
      refusedPrompts += 1
      return
    }
    let content: BotAudio.Content =
      file.format == .telephone ? .mulaw(file.audio) : .linear(file.samples, sampleRate: file.format.sampleRate)
    commands.append(.audio(BotAudio(content, bargeIn: bargeIn)))
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
  fileprivate init?(_ mode: InputMode?, _ handling: InputHandling?) {
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
      endSilence: stated(speech?.complete), maximumSpeech: stated(speech?.maximumSpeech))
  }
}
