import AudioCodecs
public import WebexProtocol

// What the server says.
extension Caller {
  /// A response came in an RPC.
  ///
  /// - Parameter spoken: the texts in it that a local voice has spoken, at 8,000 Hz; others are as long as the platform's
  ///   voice might be, and silent.
  public mutating func received(
    _ response: VoiceResponse, spoken: [String: [Int16]] = [:], rpc: Int, at now: Duration
  ) {
    self.spoken = spoken
    defer { self.spoken = [:] }
    guard outcome == nil, let index = rpcs.firstIndex(where: { $0.id == rpc }) else { return }
    if case .waiting(rpc, _) = phase { phase = .waiting(rpc: rpc, since: now) }
    // Only the first event of a response counts.
    let event = response.events.first
    if event?.kind == .startOfInput {
      startOfInput(index, isChunk: response.kind == .chunk, at: now)
      if response.prompts.isEmpty { return }
    }
    if event?.kind == .endOfInput {
      endOfInput(index, at: now)
      if response.prompts.isEmpty, response.kind != .final || response.inputMode == nil { return }
    }
    switch response.kind {
    case .partial: break
    case .chunk:
      if let event, event.kind != .endOfInput { tell(event, index) }
      chunk(response, index, at: now)
    case .final: final(response, index, at: now)
    }
  }

  // MARK: Turn boundaries

  private mutating func startOfInput(_ index: Int, isChunk: Bool, at now: Duration) {
    if isChunk { violate(.startOfInputAsChunk) }
    guard !rpcs[index].hasStart else { return violate(.startOfInputTwice) }
    rpcs[index].hasStart = true
    // The caller has gone on to digits or the no-input timer while this was under way.
    guard rpcs[index].purpose == .audio, !rpcs[index].isDropped else {
      if rpcs[index].purpose != .audio { violate(.unexpectedResponse) }
      return
    }
    stream?.started = now
    let turn = turn(of: index, at: now)
    turns[turn].startOfInput = now
    if turns[turn].kind == .voice {
      turns[turn].bargedIn = playout.isPlaying(at: now)
      turns[turn].speechStart = stream.flatMap { open in open.voice.start.map { open.opened + $0 } }
    }
    tell(.startOfInput(after: turns[turn].startDelay))
    let id = rpcs[index].id
    for older in rpcs.indices where rpcs[older].id < id { rpcs[older].isDropped = true }
    cutPrompts(at: now)
  }

  private mutating func endOfInput(_ index: Int, at now: Duration) {
    guard !rpcs[index].hasEnd else { return violate(.endOfInputTwice) }
    rpcs[index].hasEnd = true
    guard rpcs[index].purpose == .audio, !rpcs[index].isDropped else { return }
    if !rpcs[index].hasStart { violate(.endWithoutStart) }
    let turn = turn(of: index, at: now)
    turns[turn].endOfInput = now
    if let speech = stream?.speech, stream?.rpc == rpcs[index].id {
      let offset = now - speech.began
      let clip = clips[speech.clip]
      turns[turn].unspoken = max(.zero, clip.speech.upperBound - offset)
      turns[turn].speechEnd = speech.began + clip.speechEnd(before: offset)
    } else if turns[turn].kind == .voice, let open = stream, let end = open.voice.end {
      turns[turn].speechEnd = open.opened + end
    }
    tell(.endOfInput(after: turns[turn].endDelay))
    if settings.keepsAudio { timeline.cut(.caller, at: now) }
    halfCloseSoon(rpcs[index].id, at: now)
    phase = .waiting(rpc: rpcs[index].id, since: now)
  }

  /// The turn of an audio RPC; one of its own where the server heard something that was not said.
  private mutating func turn(of index: Int, at now: Duration) -> Int {
    if let turn = rpcs[index].turn { return turn }
    turns.append(CallTurn(live != nil && rpcs[index].purpose == .audio ? .voice : .unintended, began: now))
    rpcs[index].turn = turns.count - 1
    return turns.count - 1
  }

  // MARK: Answers

  private mutating func chunk(_ response: VoiceResponse, _ index: Int, at now: Duration) {
    guard !rpcs[index].isAnswered else { return violate(.chunkAfterFinal) }
    guard expectsAnswer(index) else { return }
    if rpcs[index].isDropped {
      let bytes = response.prompts.reduce(0) { $0 + ($1.audio?.count ?? 0) }
      audioAfterInterruption += .microseconds(bytes * 125)
    }
    for prompt in response.prompts { play(prompt, index, isChunk: true, at: now) }
  }

  private mutating func final(_ response: VoiceResponse, _ index: Int, at now: Duration) {
    let line = rpcs[index]
    let event = response.events.first
    let ending = event.flatMap { self.ending($0, response) }
    guard !line.isAnswered else {
      if response.prompts.contains(where: { $0.audio?.isEmpty == false }) || ending != nil { violate(.secondAnswer) }
      return
    }
    switch line.purpose {
    case .sessionEnd: return
    case .startOfDTMF:
      if response != VoiceResponse() { violate(.unexpectedResponse) }
      return
    case .sessionStart, .audio, .digits, .noInput, .custom: break
    }
    // What belongs to an interrupted turn is not heard any more, but a call that is over is over.
    guard !line.isDropped || ending != nil else {
      rpcs[index].isAnswered = true
      return
    }
    rpcs[index].isAnswered = true
    let turn = turn(of: index, at: now)
    if !line.isDropped { playFinal(response, index, at: now) }
    turns[turn].answered = now
    turns[turn].result = .answered
    check(response, ending: ending)

    if let ending {
      switch ending {
      case .transferred(let summary):
        turns[turn].ending = .transfer
        tell(.transfer(summary: summary))
      default:
        turns[turn].ending = .end
        tell(.sessionEnd)
      }
      abandonLines()
      phase = .leaving(ending, since: now)
      return
    }
    if let event, event.kind != .startOfInput, event.kind != .endOfInput { tell(event, index) }
    inputMode = response.inputMode ?? inputMode
    handling = response.inputHandling ?? handling
    tell(.answer(response.inputMode, isInputSensitive: response.isInputSensitive))
    if case .waiting(line.id, _) = phase {
      finishStep()
      phase = .listening(since: now)
    } else if stream?.rpc == line.id {
      finishStep()
      halfClose(line.id)
      phase = .listening(since: now)
    }
  }

  private mutating func tell(_ event: VoiceResponse.Event, _ index: Int) {
    tell(.outputEvent(event.kind, name: event.name))
    guard let turn = rpcs[index].turn else { return }
    if turns[turn].events.count < CallTurn.mostEvents { turns[turn].events.append(event.kind.wireName) }
  }

  /// How the call ends with an event, if it does.
  private func ending(_ event: VoiceResponse.Event, _ response: VoiceResponse) -> CallOutcome? {
    switch event.kind {
    case .sessionEnd: return .ended
    case .transferToAgent:
      if case .string(let summary) = event.metadata["summary"] { return .transferred(summary: summary) }
      return .transferred(summary: response.summary)
    // The platform ends the activity with this one too.
    case .noInput: return .ended
    case .unspecified, .custom, .startOfInput, .endOfInput, .noMatch: return nil
    }
  }

  private mutating func check(_ response: VoiceResponse, ending: CallOutcome?) {
    if ending == nil {
      if response.inputMode == nil || response.inputHandling == nil { violate(.noInputMode) }
    } else {
      if response.inputMode != nil || response.inputHandling != nil { violate(.inputModeAtEnd) }
      let isAudible = { (prompt: VoiceResponse.Prompt) in
        prompt.text?.isEmpty == false || prompt.audio?.isEmpty == false
      }
      if response.prompts.contains(where: { $0.isBargeInEnabled && isAudible($0) }) { violate(.bargeableAtEnd) }
    }
  }

  private func expectsAnswer(_ index: Int) -> Bool {
    switch rpcs[index].purpose {
    case .sessionStart, .audio, .digits, .noInput, .custom: true
    case .startOfDTMF, .sessionEnd: false
    }
  }

  // MARK: Prompts

  private mutating func playFinal(_ response: VoiceResponse, _ index: Int, at now: Duration) {
    if rpcs[index].chunks > 0 {
      tell(.chunksComplete(count: rpcs[index].chunks, length: rpcs[index].chunkLength))
      if response.prompts.count != 1 || response.prompts.first?.audio?.isEmpty != true { violate(.lastChunkNotEmpty) }
    }
    for prompt in response.prompts { play(prompt, index, isChunk: false, at: now) }
  }

  private mutating func play(_ prompt: VoiceResponse.Prompt, _ index: Int, isChunk: Bool, at now: Duration) {
    guard !rpcs[index].isDropped else { return }
    let text = prompt.text ?? ""
    guard let audio = prompt.audio, !audio.isEmpty else {
      if !text.isEmpty {
        textPrompts += 1
        if let samples = spoken[text] {
          spokenTexts += 1
          let length = Duration.microseconds(samples.count * 125)
          tell(.promptSpoken(text, length: length))
          hear(length, settings.keepsAudio ? samples : nil, prompt, index, at: now)
        } else {
          tell(.promptText(text))
          hear(Self.speakingTime(of: text), nil, prompt, index, at: now)
        }
      }
      return
    }
    if !text.isEmpty { violate(.textBesideAudio) }
    let isWAV = audio.starts(with: Array("RIFF".utf8))
    if isChunk {
      if !settings.chunkBytes.contains(audio.count) { violate(.chunkSize(audio.count)) }
      if isWAV { violate(.chunkWithHeader) }
    }
    let mode = isChunk ? ResponseMode.chunk : .wav
    if let responseMode, responseMode != mode, rpcs[index].chunks == 0 { violate(.modeChanged) }
    if responseMode == nil { responseMode = mode }
    if isWAV || !isChunk {
      do throws(AudioError) {
        let wav = try WAVFile(parsing: audio)
        let length = Duration.microseconds(wav.audio.count * 1_000_000 / max(1, wav.format.bytesPerSecond))
        hear(length, settings.keepsAudio ? try wav.samples(at: 8000) : nil, prompt, index, isChunk: isChunk, at: now)
      } catch { violate(.promptNotWAV(error.description)) }
    } else {
      let samples = settings.keepsAudio ? AudioEncoding.mulaw.decode(audio) : nil
      hear(.microseconds(audio.count * 125), samples, prompt, index, isChunk: true, at: now)
    }
  }

  private mutating func hear(
    _ length: Duration, _ samples: [Int16]?, _ prompt: VoiceResponse.Prompt, _ index: Int, isChunk: Bool = false,
    at now: Duration
  ) {
    let turn = turn(of: index, at: now)
    if turns[turn].firstAudio == nil { turns[turn].firstAudio = now }
    turns[turn].answerLength += length
    if isChunk {
      if rpcs[index].chunks == 0 {
        tell(.promptBegins(length: nil, isBargeInEnabled: prompt.isBargeInEnabled))
      } else if now > playout.end {
        turns[turn].gaps += now - playout.end
        tell(.gap(now - playout.end))
      }
      rpcs[index].chunks += 1
      rpcs[index].chunkLength += length
    } else if prompt.audio?.isEmpty == false {
      tell(.promptBegins(length: length, isBargeInEnabled: prompt.isBargeInEnabled))
    }
    let begins = playout.play(length, isBargeInEnabled: prompt.isBargeInEnabled, at: now)
    if let samples { timeline.add(samples, to: .agent, at: begins) }
  }

  /// What the platform's text to speech takes, roughly: 60 ms a character, at most a minute.
  static func speakingTime(of text: String) -> Duration { .milliseconds(min(60_000, 60 * text.count)) }
}
