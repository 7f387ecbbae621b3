import WebexProtocol

// The caller's turn: listening, speaking, saying nothing.
extension Caller {
  /// The step that is due or under way; after the last one the caller hangs up.
  var currentStep: CallStep { steps.indices.contains(stepIndex) ? steps[stepIndex] : .hangUp }

  /// The step under way is done: its answer was heard, or the caller goes on without.
  mutating func finishStep() {
    guard step == .underWay else { return }
    advance()
  }

  mutating func advance() {
    step = .pending
    guard steps.indices.contains(stepIndex) else { return }
    stepIndex += 1
    if isEnding { stepIndex = steps.count }
    guard stepIndex == steps.count else { return }
    rounds += 1
    if isRepeating, !isEnding { stepIndex = 0 }
  }

  /// When the pending step begins.
  func stepDue(_ since: Duration) -> Duration {
    if isEnding { return since }
    var reaction = settings.reaction
    if case .afterPrompt(let time)? = stepTime(stepIndex)?.begin { reaction = time }
    let afterPrompts = max(playout.end, since) + reaction
    guard let bargeIn = bargeIn(at: stepIndex),
      currentStep.canBargeIn ? playout.isBargeInEnabled : stepTime(stepIndex)?.begin != nil && currentStep.endsCall
    else { return afterPrompts }
    return min(afterPrompts, max(playout.start + bargeIn, since))
  }

  /// What was recorded of a step's time.
  func stepTime(_ index: Int) -> StepTime? {
    settings.stepTimes.indices.contains(index) ? settings.stepTimes[index] : nil
  }

  /// How long after the begin of a prompt a step begins, where it does not wait for the end.
  private func bargeIn(at index: Int) -> Duration? {
    switch stepTime(index)?.begin {
    case .overPrompt(let time)?: time
    case .afterPrompt?: nil
    case nil: settings.bargeIn
    }
  }

  /// When the next step begins though the answer is still being sent: a caller who interrupts need not wait for the
  /// FINAL.
  var earlyBargeIn: Duration? {
    // The platform listens from the first chunk on that may be interrupted; a person says when.
    let bargeIn = live == nil ? bargeIn(at: step == .underWay ? stepIndex + 1 : stepIndex) : .zero
    guard let bargeIn, case .waiting(let rpc, _) = phase, playout.isBargeInEnabled,
      let line = rpcs.first(where: { $0.id == rpc }), line.chunks > 0
    else { return nil }
    if live == nil {
      let next = step == .underWay ? nextStep : currentStep
      guard let next, next.canBargeIn else { return nil }
    }
    let due = playout.start + bargeIn
    return due < playout.end ? due : nil
  }

  private var nextStep: CallStep? {
    if steps.indices.contains(stepIndex + 1) { return steps[stepIndex + 1] }
    return isRepeating ? steps.first : nil
  }

  /// When something has to come of listening: the no-input timer, or the end of patience with a server that has heard
  /// speech but not its end.
  func listenDeadline(_ since: Duration) -> Duration {
    if let stream, let started = stream.started {
      return max(started, stream.speech?.ends ?? started) + settings.patience
    }
    let stated = handling?.speechTimers?.noInput.map(Int.init) ?? 0
    let time: Duration = stated > 0 ? .milliseconds(stated) : settings.noInputTimeout
    return max(playout.end, since) + min(time, settings.noInputLimit ?? time)
  }

  mutating func listen(at now: Duration) {
    guard case .listening(let since) = phase else { return }
    if stream == nil, inputMode.carriesVoice, playout.isBargeInEnabled || now >= playout.end { openStream(at: now) }
    sendFrames(at: now)
    switch step {
    case .pending:
      if live != nil {
        beginWaitingClip(at: now)
      } else if now >= stepDue(since) {
        begin(currentStep, at: now)
      }
    case .pausing(let until): if now >= until { advance() }
    case .underWay: break
    }
    guard case .listening(let since) = phase, outcome == nil, now >= listenDeadline(since) else { return }
    if let stream, stream.started != nil {
      fail(.noAnswer, rpc: stream.rpc, at: now)
    } else {
      noInput(at: now)
    }
  }

  private mutating func openStream(at now: Duration) {
    stream = AudioStream(rpc: open(.audio, turn: nil), opened: now, frameLength: settings.frameLength)
    live?.frames.removeAll()
    tell(.listening)
  }

  private mutating func begin(_ step: CallStep, at now: Duration) {
    switch step {
    case .speak(let clip): speak(clip, at: now)
    case .press(let keys): press(keys, at: now)
    case .stayQuiet: self.step = .underWay
    case .custom(let name, let parameters):
      tell(.custom(name: name))
      self.step = .underWay
      ask(.custom, .event(.init(.custom, name: name, parameters: parameters)), CallTurn(.custom, began: now), at: now)
    case .wait(let time): self.step = .pausing(until: now + time)
    case .hangUp: hangUp(at: now)
    case .vanish:
      tell(.vanishes)
      finish(.vanished, at: now)
    }
  }

  mutating func speak(_ clip: Int, at now: Duration) {
    guard clips.indices.contains(clip) else { return advance() }
    guard inputMode.carriesVoice else {
      tell(.uncollectedSpeech)
      return notCollected(CallTurn(.speech(clip: clip), began: now))
    }
    if stream == nil { openStream(at: now) }
    guard let open = stream else { return }
    let spoken = clips[clip]
    let began = open.nextFrame - open.frameLength
    var turn = CallTurn(.speech(clip: clip), began: began)
    turn.speechStart = began + spoken.speech.lowerBound
    turn.speechEnd = began + spoken.speech.upperBound
    turn.bargedIn = playout.isPlaying(at: now)
    if let index = rpcs.firstIndex(where: { $0.id == open.rpc }) {
      // Where the server took silence for speech already, that was the start of this turn.
      if let early = rpcs[index].turn {
        turn.startOfInput = turns[early].startOfInput
        turns[early] = turn
      } else {
        turns.append(turn)
        rpcs[index].turn = turns.count - 1
      }
    }
    stream?.speech = Speech(clip: clip, began: began, ends: began + spoken.length)
    step = .underWay
    if settings.keepsAudio { timeline.add(spoken.samples, to: .caller, at: began) }
    tell(.speaks(clip: clip, length: spoken.length, overPrompt: turn.bargedIn))
  }

  /// The caller's input meets a server that does not collect it.
  mutating func notCollected(_ turn: CallTurn) {
    var turn = turn
    turn.result = .notCollected
    turns.append(turn)
    // Or the steps would begin anew for ever without a word on the wire.
    isRepeating = false
    advance()
  }

  mutating func sendFrames(at now: Duration) {
    while let open = stream, open.nextFrame <= now {
      var frame = CallerFrame.silence
      if let speech = open.speech, speech.frame < clips[speech.clip].frames.count {
        // Nobody could encode beforehand what a person chooses to say.
        frame =
          live == nil
          ? .speech(clip: speech.clip, frame: speech.frame) : .live(clips[speech.clip].frames[speech.frame])
        stream?.speech?.frame += 1
        if speech.frame + 1 == clips[speech.clip].frames.count { tell(.spoke(clip: speech.clip)) }
      } else if live != nil {
        frame = nextLiveFrame(at: open.nextFrame - SpokenClip.frameLength)
      }
      act(.sendAudio(rpc: open.rpc, frame))
      stream?.sent += 1
      framesSent += 1
    }
  }

  private mutating func noInput(at now: Duration) {
    if let rpc = stream?.rpc {
      if let index = rpcs.firstIndex(where: { $0.id == rpc }) {
        rpcs[index].isDropped = true
        if let turn = rpcs[index].turn { turns[turn].result = .unheard }
      }
      if settings.keepsAudio { timeline.cut(.caller, at: now) }
      halfClose(rpc)
    }
    tell(.noInput)
    ask(.noInput, .event(.init(.noInput)), CallTurn(.noInput, began: now), at: now)
  }

  /// Opens an RPC of one message and waits for its answer.
  mutating func ask(_ purpose: RPCPurpose, _ input: VoiceRequest.Input, _ turn: CallTurn, at now: Duration) {
    if let rpc = stream?.rpc {
      if let index = rpcs.firstIndex(where: { $0.id == rpc }) { rpcs[index].isDropped = true }
      halfClose(rpc)
    }
    turns.append(turn)
    turns[turns.count - 1].sent = now
    let rpc = open(purpose, turn: turns.count - 1)
    say(input, on: rpc)
    halfClose(rpc)
    phase = .waiting(rpc: rpc, since: now)
  }
}

extension CallStep {
  /// A caller may leave whatever is said.
  fileprivate var endsCall: Bool {
    switch self {
    case .hangUp, .vanish: true
    case .speak, .press, .stayQuiet, .custom, .wait: false
    }
  }

  fileprivate var canBargeIn: Bool {
    switch self {
    case .speak, .press: true
    case .stayQuiet, .custom, .wait, .hangUp, .vanish: false
    }
  }
}
