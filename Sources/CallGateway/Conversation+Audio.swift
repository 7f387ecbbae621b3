import AudioCodecs
import BotEngine
import GRPCTransport
import SpeechDetection
import WebexProtocol

/// What the detector gave out, kept until it has finished with a chunk.
enum HeardSpeech {
  case decision(SpeechDecision)
  case utterance([Int16], at: Int)
}

/// Audio of the caller's turn on its way to the bot.
struct Utterance {
  private(set) var samples: [Int16] = []
  /// Where it begins in the call's audio, in milliseconds.
  private(set) var offset = 0

  /// Adds samples; `room` is how many will come before they are handed over, about.
  mutating func append(_ more: UnsafeBufferPointer<Int16>, at offset: Int, room: Int) {
    if samples.isEmpty {
      self.offset = offset
      // At once: an array that grows by itself takes up to twice what it holds.
      samples.reserveCapacity(max(room, more.count))
    }
    samples.append(contentsOf: more)
  }

  mutating func forget() { samples = [] }
}

extension Conversation {
  /// The audio path: runs for every frame of every call.
  func hear(_ audio: VoiceRequestView.AudioInput, on interaction: Interaction) throws(RPCStatus) {
    let now = loop.now
    if !interaction.carriesAudio {
      interaction.carriesAudio = true
      echo?.lineBreaks()
      perform(machine.received(.audio, on: interaction.id, now: now))
      if interaction.isOver { return }
    }
    metrics.frames.increment()
    do throws(AudioError) {
      let samples = try interaction.audio.decode(
        audio.bytes, encoding: audio.encoding, sampleRate: Int(audio.sampleRate), into: worker.samples)
      try keepPace(samples.count, on: interaction, now: now)
      status.note(lag: -interaction.pace.leadMilliseconds)
      let hearing = machine.hearing(on: interaction.id, now: now)
      if let recorder {
        record(piece: samples.count, on: interaction)
        if hearing.isCallersVoice {
          recorder.caller(samples, sampleRate: interaction.audio.sampleRate, now: now - began)
        }
      }
      guard !samples.isEmpty, hearing.isListening else { return }
      try listen(to: samples, of: audio, on: interaction, as: hearing, now: now)
    } catch {
      metrics.refusedAudio.increment()
      throw RPCStatus(error.code == .tooFast ? .resourceExhausted : .invalidArgument, error.message)
    }
  }

  private func listen(
    to samples: UnsafeBufferPointer<Int16>, of audio: VoiceRequestView.AudioInput, on interaction: Interaction,
    as hearing: Hearing, now: Duration
  ) throws(AudioError) {
    let sampleRate = interaction.audio.sampleRate
    let speech = try speech(at: sampleRate, after: interaction.audio)
    if audioDelivery == .everything { deliver(Array(samples), at: speech.position) }
    let minimum =
      hearing.isPausable
      ? agent.pauseLimit
      : hearing.isPlayingPrompt || echo?.isFollowing == true ? agent.minimumBargeIn : agent.speech.minimumSpeech
    let listening = CallerSpeech.Listening(
      isListening: hearing.isDetecting, isPromptPlaying: hearing.isPlayingPrompt, watchesOnset: hearing.isPausable,
      minimumSpeech: minimum)
    let wantsTurns = audioDelivery == .turns
    let room = room(at: sampleRate)
    let companded =
      interaction.audio.givesWholeCodes
      ? CompandedSamples(audio.bytes.bindMemory(to: UInt8.self), encoding: interaction.audio.format.encoding) : nil
    speech.hear(samples, companded: companded, now: now, as: listening) { output in
      switch output {
      case .decision(let decision): heard.append(.decision(decision))
      case .utterance(let samples, let at):
        guard wantsTurns else { return }
        if !heard.isEmpty {
          heard.append(.utterance(Array(samples), at: at))
        } else if hearing.isSpeaking {
          utterance.append(samples, at: at, room: room)
        }
      }
    }
    if speech.isWaiting { worker.wait(self) } else { follow(speech, now: now) }
    if utterance.samples.count >= room { deliverUtterance() }
  }

  /// Goes on with a frame that was left to be judged with those of other calls. Comes before anything else that happens
  /// to the call, so that all of it happens in order.
  func hearOut() {
    guard let speech, speech.isWaiting, !machine.isClosed else { return }
    speech.hearOut { output in
      switch output {
      case .decision(let decision): heard.append(.decision(decision))
      case .utterance(let samples, let at):
        if audioDelivery == .turns { heard.append(.utterance(Array(samples), at: at)) }
      }
    }
    follow(speech, now: loop.now)
    if utterance.samples.count >= room(at: speech.sampleRate) { deliverUtterance() }
  }

  /// Carries out what was made of a frame.
  private func follow(_ speech: CallerSpeech, now: Duration) {
    if let echo, echo.isFollowing, !hasReportedEcho { report(echo, now: now) }
    if !heard.isEmpty { act(now: now) }
    if speech.isOnsetHeard != (onset != nil) { hearOnset(at: speech.position, isHeard: speech.isOnsetHeard, now: now) }
  }

  private func room(at sampleRate: Int) -> Int { sampleRate / 1000 * Self.deliveredAtOnce }

  /// Somebody may have begun to speak over the prompt, or it is over.
  private func hearOnset(at position: Int, isHeard: Bool, now: Duration) {
    onset = isHeard ? position : nil
    perform(isHeard ? machine.speechMayHaveBegun(now: now) : machine.speechWasNothing(now: now))
  }

  /// Audio of a turn that is handed to the bot at once, in milliseconds: waking the bot for every frame costs more than
  /// all else that is done with the frame.
  private static let deliveredAtOnce = 100

  /// Carries out what was heard, now that the detector may be reset.
  private func act(now: Duration) {
    let heard = heard
    self.heard.removeAll(keepingCapacity: true)
    for item in heard {
      switch item {
      case .decision(.started(let at, _)):
        // A prompt that was paused had stopped then.
        let stopped = machine.isPaused ? onset : speech?.position
        let isInterruption = machine.isPlayingPrompt(now) || machine.isPaused
        perform(machine.speechStarted(offset: at, now: now))
        if isInterruption { agent.metrics.stopped(after: .milliseconds(max(0, (stopped ?? at) - at))) }
      case .decision(.paused(let at, _)):
        deliverUtterance()
        if events.acceptsGuesses { perform(machine.speechPaused(offset: at, now: now)) }
      case .decision(.resumed): perform(machine.speechResumed(now: now))
      case .decision(.ended(let at, let decidedAt, let reason)):
        turnEnd = TurnEnd(reason, after: speech?.lastSilence, bot: machine.current.endSilence)
        if machine.isSpeaking { turnEnded = (now, .milliseconds(decidedAt - at)) }
        deliverUtterance()
        perform(machine.speechEnded(offset: at, now: now))
      case .utterance(let samples, let at):
        if machine.isSpeaking { samples.withUnsafeBufferPointer { utterance.append($0, at: at, room: 0) } }
      }
    }
  }

  /// Hands the bot what it has not been given of the caller's turn.
  func deliverUtterance() {
    guard !utterance.samples.isEmpty else { return }
    deliver(utterance.samples, at: utterance.offset)
    utterance.forget()
  }

  private func deliver(_ samples: [Int16], at offset: Int) {
    let rate = speech?.sampleRate ?? 8000
    events.deliver(.audio(CallerAudio(samples: samples, sampleRate: rate, offset: offset)), turn: machine.turn)
  }

  /// The detector for a rate; its clock goes on where another's was.
  private func speech(at sampleRate: Int, after decoder: CallerAudioDecoder) throws(AudioError) -> CallerSpeech {
    if let speech, speech.sampleRate == sampleRate { return speech }
    deliverUtterance()
    let made = CallerSpeech(
      detector: try RecurrentDetector(sampleRate: sampleRate), settings: agent.speech, position: speech?.position ?? 0)
    made.echo = echo
    made.judge = agent.judge
    speech = made
    log.info("audio", metadata: ["chain": "\((decoder.names + ["detector", "bot"]).joined(separator: " → "))"])
    settleSpeech()
    return made
  }

  /// The bot's wishes for this turn, or the agent's own settings.
  func settleSpeech() {
    guard let speech else { return }
    var settings = speech.settings
    let wished = machine.current
    settings.endSilence = wished.endSilence ?? agent.speech.endSilence
    settings.maximumUtterance = wished.maximumSpeech ?? agent.speech.maximumUtterance
    // A silence that the bot names is the one it gets.
    settings.adaptive = wished.endSilence == nil ? agent.speech.adaptive : nil
    settings.expected = wished.expectedSpeech
    if settings != speech.settings { speech.settings = settings }
  }

  /// Audio that comes faster than anybody speaks is slowed down by not reading it, and refused at last.
  private func keepPace(_ count: Int, on interaction: Interaction, now: Duration) throws(AudioError) {
    let rate = interaction.audio.sampleRate
    switch interaction.pace.receive(samples: count, sampleRate: rate, now: now.nanoseconds) {
    case .proceed: return
    case .throttle(let milliseconds): interaction.line.pause(for: .milliseconds(milliseconds))
    case .refuse:
      throw AudioError(.tooFast, "the audio is more than ten seconds ahead of real time; send it as it is spoken")
    }
  }
}

extension TurnSettings {
  /// What the caller is expected to say.
  fileprivate var expectedSpeech: ExpectedSpeech {
    switch expects {
    case nil: .anything
    case .yesNo: .yesNo
    case .digits: .digits(count: expectedDigits)
    case .address: .address
    case .free: .free
    }
  }
}
