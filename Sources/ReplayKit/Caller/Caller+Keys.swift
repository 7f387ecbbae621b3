public import WebexProtocol

// Keys: START_OF_DTMF at the first one, all of them in one message when the entry is over.
extension Caller {
  /// A person at a telephone presses a key, which begins an entry or goes on with one.
  public mutating func press(_ key: DTMFKey, at now: Duration) {
    guard live != nil, outcome == nil else { return }
    if case .waiting = phase, let due = earlyBargeIn, due <= now {
      finishStep()
      phase = .listening(since: now)
    }
    switch phase {
    case .keying(let keying): goOn(keying, with: key, at: now)
    case .listening where playout.isBargeInEnabled || !playout.isPlaying(at: now): press([key], at: now)
    case .listening, .waiting: tell(.uncollectedKeys([key]))
    case .ready, .leaving, .hangingUp, .finished: break
    }
  }

  private mutating func goOn(_ keying: Keying, with key: DTMFKey, at now: Duration) {
    let (collected, isComplete) = collect(keying.keys + [key])
    guard collected.count > keying.keys.count else { return tell(.uncollectedKeys([key])) }
    tell(.presses([key], overPrompt: false))
    turns[keying.turn].kind = .digits(count: collected.count)
    let due = isComplete ? now : now + interDigitTimeout
    phase = .keying(Keying(keys: collected, turn: keying.turn, due: due))
  }

  mutating func press(_ keys: [DTMFKey], at now: Duration) {
    guard inputMode != .voice else {
      tell(.uncollectedKeys(keys))
      return notCollected(CallTurn(.digits(count: keys.count), began: now))
    }
    let (collected, isComplete) = collect(keys)
    var turn = CallTurn(.digits(count: collected.count), began: now)
    turn.bargedIn = playout.isPlaying(at: now)
    tell(.presses(collected, overPrompt: turn.bargedIn))
    if collected.count < keys.count { tell(.uncollectedKeys(Array(keys.dropFirst(collected.count)))) }
    turns.append(turn)
    step = .underWay
    let start = VoiceRequest.Input.event(.init(.startOfDTMF))
    let overlapping = stream
    for index in rpcs.indices { rpcs[index].isDropped = true }
    if let overlapping, turn.bargedIn {
      say(start, on: overlapping.rpc)
      halfClose(overlapping.rpc)
    } else {
      if let overlapping { halfClose(overlapping.rpc) }
      let rpc = open(.startOfDTMF, turn: nil)
      say(start, on: rpc)
      halfClose(rpc)
    }
    cutPrompts(at: now)
    var due = now + settings.keyInterval * max(0, collected.count - 1)
    if !isComplete { due += interDigitTimeout }
    phase = .keying(Keying(keys: collected, turn: turns.count - 1, due: due))
  }

  mutating func complete(_ keying: Keying, at now: Duration) {
    turns[keying.turn].sent = now
    let rpc = open(.digits, turn: keying.turn)
    say(.dtmf(keying.keys), on: rpc)
    halfClose(rpc)
    phase = .waiting(rpc: rpc, since: now)
  }

  /// The keys of one entry, and whether the last of them ends it.
  private func collect(_ keys: [DTMFKey]) -> (keys: [DTMFKey], isComplete: Bool) {
    var collected = keys
    var isComplete = false
    if let terminator = handling?.dtmf?.terminator, let end = collected.firstIndex(of: terminator) {
      collected = Array(collected[...end])
      isComplete = true
    }
    if let length = handling?.dtmf?.length, length > 0, collected.count >= Int(length) {
      // A terminator right after the last digit belongs to no entry.
      if collected.count > Int(length) { collected = Array(collected.prefix(Int(length))) }
      isComplete = true
    }
    return (collected, isComplete)
  }

  private var interDigitTimeout: Duration {
    let stated = handling?.dtmf?.interDigitTimeout.map(Int.init) ?? 0
    return stated > 0 ? .milliseconds(stated) : settings.interDigitTimeout
  }
}
