import BotEngine

extension ConversationStateMachine {
  mutating func caller(_ input: CallerInput, on rpc: RPCID, now: Duration) {
    if endsEntry(input, on: rpc) {
      completeEntry(now: now)
      guard rpcs.contains(where: { $0.id == rpc }) else { return }
    }
    switch input {
    case .sessionStart: startSession(on: rpc, now: now)
    case .sessionEnd:
      actions.append(.send(rpc, VoiceResponse()))
      close(.hangup)
    case .noInput: beginTurn(.noInput, on: rpc, now: now)
    case .startOfDTMF: startKeying(on: rpc, now: now)
    case .digits(let keys): enter(keys, on: rpc, now: now)
    case .custom(let name, let parameters):
      beginTurn(.custom(name: name, parameters: parameters), on: rpc, now: now)
    case .audio: takeAudio(on: rpc, now: now)
    case .unknown: drops.unknownEvents += 1
    }
  }

  // MARK: Interactions

  private mutating func startSession(on rpc: RPCID, now: Duration) {
    switch greeting {
    case .none, .failed: greet(on: rpc, now: now)
    case .inProgress(let other) where other == rpc: break
    // The greeting is on another RPC, which may turn out to be gone.
    case .inProgress, .sent: update(rpc) { $0.awaitsGreeting = true }
    case .done: answerRepeatedStart(on: rpc)
    }
  }

  private mutating func greet(on rpc: RPCID, now: Duration) {
    beginTurn(.started, on: rpc, now: now)
    if !isClosed, answerer == rpc { greeting = .inProgress(rpc) }
  }

  /// The greeting was heard on another RPC.
  private mutating func answerRepeatedStart(on rpc: RPCID) {
    actions.append(.send(rpc, continuingResponse(prompts: [], event: nil)))
    complete(rpc)
  }

  /// It is known what became of the greeting: who asked for it meanwhile is answered.
  mutating func answerRepeatedStarts(now: Duration) {
    let waiting = rpcs.filter(\.awaitsGreeting).map(\.id)
    switch greeting {
    case .done: for rpc in waiting { answerRepeatedStart(on: rpc) }
    case .failed:
      guard let first = waiting.first else { return }
      greet(on: first, now: now)
    case .none, .inProgress, .sent: break
    }
  }

  /// The caller's input is complete and the bot is to answer on this RPC, where it has not begun to already.
  mutating func beginTurn(_ event: CallerEvent, on rpc: RPCID, now: Duration) {
    if case .speechEnded = event {} else if isSpeaking { abandonSpeech() }
    let hasBegun = eager.settle()
    update(rpc) { $0.awaitsGreeting = false }
    interrupt(keeping: rpc, now: now)
    keyingSince = nil
    if listener == rpc { listener = nil }
    if !hasBegun { turn += 1 }
    answerer = rpc
    // What the bot said unasked and nobody heard yet goes ahead of its answer.
    if answer.ending == .callersTurn { answer.ending = nil }
    playout.beginTurn(now)
    spoken.beginTurn()
    answerDeadline = now + settings.answerTimeout
    answerBegan = now
    audioAtDeadline = answer.appendedAudio
    prepareFiller(for: event, now: now)
    if hasBegun, case .speechEnded(let offset) = event {
      actions.append(.tellTurn(.over(offset: offset), turn: turn))
    } else {
      actions.append(.tell(event, turn: turn))
    }
    if eager.hasRelease { actions.append(.release(turn: turn)) }
    // A bot that has already taken its leave does so on whatever RPC comes.
    if let ending = answer.ending, ending.isTerminal { flush(now: now) }
  }

  private mutating func startKeying(on rpc: RPCID, now: Duration) {
    let onAudio = update(rpc) { $0.carriesAudio }
    let wasSpeaking = isSpeaking
    keyingSince = now
    if isSpeaking { abandonSpeech() }
    actions.append(.resetDetector)
    interrupt(keeping: nil, now: now)
    // On an open audio RPC the platform waits for the word to drop its prompts; it has had it if speech came first.
    if onAudio == true, !wasSpeaking, update(rpc, { $0.saidStart }) == false {
      update(rpc) { $0.saidStart = true }
      actions.append(.send(rpc, event(.startOfInput)))
    }
    if listener == rpc { listener = nil }
  }

  private mutating func takeAudio(on rpc: RPCID, now: Duration) {
    // An RPC that is being answered has no more to say.
    guard rpc != answerer, listener != rpc, update(rpc, { $0.carriesAudio }) == false else { return }
    update(rpc) { $0.carriesAudio = true }
    listener = rpc
    if !isSpeaking { actions.append(.resetDetector) }
    // What the bot had to say while no line was open goes out on this one.
    let isHeard = answer.ending != nil || settings.mode == .chunk && answer.appendedAudio >= Self.leastAudio
    if answerer == nil, !isSpeaking, isHeard { offerUnsolicited(now: now) }
  }

  mutating func callerDone(_ rpc: RPCID, speechOffset: Int, now: Duration) {
    guard
      let carriesAudio = update(
        rpc,
        { rpc -> Bool in
          rpc.isHalfClosed = true
          return rpc.carriesAudio
        })
    else {
      actions.append(.finish(rpc, .ok))
      return
    }
    if entry?.rpc == rpc { completeEntry(now: now) }
    if rpc == answerer || update(rpc, { $0.awaitsGreeting }) != false { return }
    if carriesAudio, rpc == listener {
      if isSpeaking {
        endSpeech(offset: speechOffset, now: now)
        return
      }
      listener = nil
      actions.append(.resetDetector)
    }
    complete(rpc)
  }

  mutating func callerLost(_ rpc: RPCID, now: Duration) {
    if greeting == .sent(rpc) {
      greeting = .failed
      answerRepeatedStarts(now: now)
    }
    guard rpcs.contains(where: { $0.id == rpc }) else { return }
    if entry?.rpc == rpc {
      // The bot learns what was keyed, unless it has taken its leave: that waits for another line.
      if answer.ending?.isTerminal == true { entry = nil } else { completeEntry(now: now) }
    }
    rpcs.removeAll { $0.id == rpc }
    if rpc == listener {
      listener = nil
      if isSpeaking { abandonSpeech() }
      actions.append(.resetDetector)
    }
    if rpc == answerer {
      let wasGreeting = greeting == .inProgress(rpc)
      if wasGreeting { greeting = .failed }
      interrupt(keeping: nil, now: now)
      if wasGreeting { answerRepeatedStarts(now: now) }
    }
    if rpcs.isEmpty { lostSince = now }
  }

  // MARK: Speech

  mutating func beginSpeech(offset: Int, now: Duration) {
    guard !isClosed, !isSpeaking, !isKeying(now), let rpc = listener else { return }
    interrupt(keeping: rpc, now: now)
    isSpeaking = true
    eager.begin()
    turn += 1
    if update(rpc, { $0.saidStart }) == false {
      update(rpc) { $0.saidStart = true }
      actions.append(.send(rpc, event(.startOfInput)))
    }
    actions.append(.tell(.speechStarted(offset: offset), turn: turn))
  }

  mutating func endSpeech(offset: Int, now: Duration) {
    guard !isClosed, isSpeaking, let rpc = listener else { return }
    isSpeaking = false
    actions.append(.send(rpc, event(.endOfInput, settings.mode == .chunk ? .chunk : .final)))
    beginTurn(.speechEnded(offset: offset), on: rpc, now: now)
  }

  /// The speech leads to nothing: its RPC is gone, or other input took its place.
  mutating func abandonSpeech() {
    isSpeaking = false
    dropEagerAnswer()
    actions.append(.resetDetector)
  }

  // MARK: Interruption

  /// The caller has gone on: output of the turn so far is dropped, its RPC is completed, and the bot is told.
  mutating func interrupt(keeping rpc: RPCID?, now: Duration) {
    let isInterrupted = answerer != nil || playout.isPlaying(now)
    guard isInterrupted else { return }
    endPause(.interrupted)
    let played = playout.playedMilliseconds(now)
    let characters = spoken.characters(in: played * 8)
    tellMarks(now: now)
    var unreached = marks.map(\.name)
    marks = []
    playout.stop()
    answerDeadline = nil
    filling = nil
    if answer.ending?.isTerminal != true {
      if !answer.pieces.isEmpty { drops.staleOutputs += 1 }
      drops.staleMilliseconds += answer.waitingAudio / 8
      unreached += answer.takeAllMarks()
      answer = Answer()
      spoken = SpokenText()
    }
    turn += 1
    actions.append(
      .tell(.interrupted(playedMilliseconds: played, playedCharacters: characters), turn: turn))
    tellDropped(unreached)
    guard let interrupted = answerer else { return }
    answerer = nil
    guard rpcs.contains(where: { $0.id == interrupted }), interrupted != rpc else { return }
    let wasGreeting = greeting == .inProgress(interrupted)
    if wasGreeting { greeting = .done }
    actions.append(.send(interrupted, continuingResponse(prompts: emptyPromptForChunks, event: nil)))
    complete(interrupted)
    if wasGreeting { answerRepeatedStarts(now: now) }
  }

  // MARK: RPCs

  /// Completes an RPC; it no longer belongs to the conversation.
  mutating func complete(_ rpc: RPCID, _ completion: RPCCompletion = .ok) {
    rpcs.removeAll { $0.id == rpc }
    if listener == rpc { listener = nil }
    if answerer == rpc { answerer = nil }
    actions.append(.finish(rpc, completion))
  }

  mutating func close(_ end: CallEnd, completion: RPCCompletion = .ok) {
    isClosed = true
    dropEager(eager.drop())
    for rpc in rpcs { actions.append(.finish(rpc.id, completion)) }
    rpcs.removeAll()
    listener = nil
    answerer = nil
    entry = nil
    answerDeadline = nil
    heldSince = nil
    isSpeaking = false
    answer = Answer()
    turn += 1
    actions.append(.tell(.ended(end), turn: turn))
    actions.append(.close(end))
  }

  @discardableResult
  mutating func update<Result>(_ rpc: RPCID, _ change: (inout RPC) -> Result) -> Result? {
    guard let index = rpcs.firstIndex(where: { $0.id == rpc }) else { return nil }
    return change(&rpcs[index])
  }
}
