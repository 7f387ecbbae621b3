import BotEngine

extension ConversationStateMachine {
  /// Lines kept of the transcript, in bytes; the human agent needs the end of the call, so the oldest go first.
  private static let maximumTranscriptBytes = 16_384

  mutating func carryOut(_ command: BotCommand, turn commandTurn: Int, now: Duration) {
    // Whatever the caller does meanwhile, a bot that takes its leave has left; and state is state.
    switch command {
    case .transfer(let summary, let metadata):
      return finishTurn(.transfer(summary: summary, metadata: metadata), now: now)
    case .end: return finishTurn(.end, now: now)
    case .sensitive(let isSensitive):
      self.isSensitive = isSensitive
      return
    case .transcript(let speaker, let text): return remember("\(speaker.rawValue): \(text)")
    case .mark(let name): return mark(name, turn: commandTurn, now: now)
    case .filler: return askForFiller(turn: commandTurn, now: now)
    case .endInput, .keep: return
    case .audio, .text, .clear, .endTurn, .inputSettings, .customEvent: break
    }
    guard commandTurn >= turn else {
      drops.staleOutputs += 1
      drops.staleMilliseconds += command.milliseconds
      return
    }
    switch answer.ending {
    case nil: break
    case .callersTurn:
      guard reopen(for: command, now: now) else { return }
    default:
      drops.lateOutputs += 1
      drops.lateMilliseconds += command.milliseconds
      return
    }
    switch command {
    case .audio(let audio): append(audio, now: now)
    case .text(let text, let bargeIn, let disablesPromptCancellation):
      if disablesPromptCancellation { answer.isCancellationDisabled = true }
      append(text: text, bargeIn: bargeIn, now: now)
    case .clear: clear(now: now)
    case .inputSettings(let settings): listen(by: settings)
    case .customEvent(let name, let metadata): answer.event = .init(.custom, name: name, metadata: metadata)
    case .endTurn(let settings):
      if let settings { listen(by: settings) }
      finishTurn(.callersTurn, now: now)
    case .transfer, .end, .sensitive, .transcript, .mark, .filler, .endInput, .keep: break
    }
  }

  private mutating func listen(by settings: BotInputSettings) {
    current = TurnSettings(settings, defaults: self.settings.turn)
  }

  /// The turn was ended, and its answer is still being sent or waits for a line: what follows joins it.
  ///
  /// - Returns: whether the output goes the way of any other; where not, it was taken here.
  private mutating func reopen(for command: BotCommand, now: Duration) -> Bool {
    guard answerer != nil else {
      answer.ending = nil
      return true
    }
    switch command {
    case .audio, .text:
      answer.ending = nil
      answerDeadline = deadline(now)
      return true
    case .clear:
      takeBack()
      flush(now: now)
      return false
    default: return true
    }
  }

  private mutating func append(_ audio: BotAudio, now: Duration) {
    if audio.disablesPromptCancellation { answer.isCancellationDisabled = true }
    guard case .mulaw(let bytes) = audio.content else { return assertionFailure("the owner makes mu-law of all audio") }
    guard !bytes.isEmpty else { return }
    let place = answer.appendedAudio
    let hasFitted = answer.append(audio: bytes, bargeIn: audio.bargeIn, limit: settings.maximumQueuedBytes)
    if hasFitted, let text = audio.text, !text.isEmpty {
      spoken.append(characters: text.count, at: place, count: bytes.count)
    }
    if !hasFitted { drops.overflowedMilliseconds += audio.milliseconds }
    appended(hasFitted, now: now)
  }

  private mutating func append(text: String, bargeIn: Bool, now: Duration) {
    guard !text.isEmpty else { return }
    appended(answer.append(text: text, bargeIn: bargeIn, limit: settings.maximumQueuedBytes), now: now)
  }

  private mutating func appended(_ hasFitted: Bool, now: Duration) {
    guard hasFitted else {
      drops.overflowedOutputs += 1
      // Nothing of a WAV answer leaves before it is whole: one that does not fit never will.
      if settings.mode == .wav, answerer != nil {
        isAnswerTooLong = true
        fallBack(now: now)
      }
      return
    }
    filling = nil
    if answerer != nil {
      putOffDeadline(now: now)
    } else if settings.mode == .chunk, answer.appendedAudio >= Self.leastAudio {
      offerUnsolicited(now: now)
    }
    flush(now: now)
  }

  /// Drops what was not sent; the time that it would have taken to play is not waited for any more.
  private mutating func clear(now: Duration) {
    takeBack()
    audioAtDeadline = answer.appendedAudio
    if answerDeadline != nil, settings.mode == .chunk { answerDeadline = deadline(now) }
  }

  private mutating func takeBack() {
    tellDropped(answer.clear())
    spoken.cut(to: answer.appendedAudio)
  }

  /// Until when the bot has time for more: so long after the last of what it has said so far was heard. While there is
  /// no room for more of its output, and it is made to wait, that moment is always ahead.
  private func deadline(_ now: Duration) -> Duration {
    now + settings.answerTimeout + playout.ahead(now) + PlayoutClock.duration(ofBytes: answer.waitingAudio)
  }

  /// A bot that speaks is given time for more. One that only trickles is not, and no caller waits much longer for a WAV
  /// answer than for the first of any other.
  private mutating func putOffDeadline(now: Duration) {
    guard answer.hasText || answer.appendedAudio >= audioAtDeadline + Self.leastAudio else { return }
    audioAtDeadline = answer.appendedAudio
    answerDeadline =
      settings.mode == .chunk
      ? deadline(now)
      : min(
        now + settings.answerTimeout + playout.ahead(now), answerBegan + settings.answerTimeout + Self.wavGrace)
  }

  private static let wavGrace = Duration.seconds(3)

  /// The bot has failed: what it had still to say would only keep the caller from what the configuration has for that.
  /// One that is done is heard out before.
  mutating func fallBack(afterWords: Bool = false, now: Duration) {
    guard answer.ending?.isTerminal != true else { return }
    if !afterWords { answer.clear() }
    switch settings.fallback.prompt {
    case .none: break
    case .audio(let bytes): _ = answer.append(audio: bytes, bargeIn: false, limit: .max)
    case .text(let text): _ = answer.append(text: text, bargeIn: false, limit: .max)
    }
    finishTurn(.failed, now: now)
  }

  private mutating func finishTurn(_ ending: Answer.Ending, now: Duration) {
    answerDeadline = nil
    filling = nil
    if ending == .callersTurn, answerer == nil, answer.isEmpty { return }
    answer.ending = ending
    if answerer == nil {
      if ending.isTerminal, let rpc = listener ?? rpcs.last?.id {
        listener = nil
        isSpeaking = false
        dropEagerAnswer()
        answerer = rpc
      } else if !isSpeaking {
        return offerUnsolicited(now: now)
      }
    }
    flush(now: now)
  }

  /// Output that no input of the caller asked for goes to the line that is open, if one is.
  mutating func offerUnsolicited(now: Duration) {
    guard let rpc = listener, !isSpeaking, entry == nil else { return }
    listener = nil
    answerer = rpc
    actions.append(.resetDetector)
    playout.beginTurn(now)
    spoken.beginTurn()
    answerBegan = now
    if answer.ending == nil { putOffDeadline(now: now) }
    flush(now: now)
  }

  private mutating func remember(_ line: String) {
    let size = line.utf8.count + 1
    guard size <= Self.maximumTranscriptBytes else { return }
    transcript.append(line)
    transcriptBytes += size
    while transcriptBytes > Self.maximumTranscriptBytes, let oldest = transcript.first {
      transcriptBytes -= oldest.utf8.count + 1
      transcript.removeFirst()
    }
  }
}
