extension ConversationStateMachine {
  /// Lines kept of the transcript, in bytes; the human agent needs the end of the call, so the oldest go first.
  private static let maximumTranscriptBytes = 16_384

  mutating func take(_ output: BotOutput, turn outputTurn: Int, now: Duration) {
    // Whatever the caller does meanwhile, a bot that takes its leave has left; and state is state.
    switch output {
    case .transfer(let summary, let metadata):
      return finishTurn(.transfer(summary: summary, metadata: metadata), now: now)
    case .end: return finishTurn(.end, now: now)
    case .failed: return fallBack(now: now)
    case .sensitive(let isSensitive):
      self.isSensitive = isSensitive
      return
    case .transcript(let speaker, let text): return remember("\(speaker): \(text)")
    case .mark(let name): return mark(name, turn: outputTurn, now: now)
    default: break
    }
    guard outputTurn >= turn else {
      drops.staleOutputs += 1
      return
    }
    guard answer.ending == nil else {
      // The turn was ended and waits for a line: what follows joins it. While it is being sent, there is no place.
      guard answerer == nil, answer.ending == .callersTurn else {
        drops.staleOutputs += 1
        return
      }
      answer.ending = nil
      return take(output, turn: outputTurn, now: now)
    }
    switch output {
    case .audio(let bytes, let bargeIn): append(.audio(bytes, bargeIn: bargeIn), now: now)
    case .text(let text, let bargeIn): append(.text(text, bargeIn: bargeIn), now: now)
    case .clear: tellDropped(answer.clear())
    case .settings(let settings): current = settings
    case .custom(let name, let metadata): answer.event = .init(.custom, name: name, metadata: metadata)
    case .endTurn(let settings):
      if let settings { current = settings }
      finishTurn(.callersTurn, now: now)
    case .transfer, .end, .failed, .sensitive, .transcript, .mark: break
    }
  }

  private mutating func append(_ piece: Answer.Piece, now: Duration) {
    guard piece.size > 0 else { return }
    guard answer.append(piece, limit: settings.maximumQueuedBytes) else {
      drops.overflowedOutputs += 1
      return
    }
    if answerer != nil {
      putOffDeadline(now: now)
    } else if settings.mode == .chunk, answer.appendedAudio >= Self.leastAudio {
      offerUnsolicited(now: now)
    }
    // Nobody hears anything of a WAV answer before it ends: one that fills its room is sent as it is.
    if settings.mode == .wav, answerer != nil, answer.queuedBytes >= settings.fullBytes {
      return finishTurn(.callersTurn, now: now)
    }
    flush(now: now)
  }

  /// A bot that speaks is given time for more. One that only trickles is not, and no caller waits much longer for a WAV
  /// answer than for the first of any other.
  private mutating func putOffDeadline(now: Duration) {
    guard answer.hasText || answer.appendedAudio >= audioAtDeadline + Self.leastAudio else { return }
    audioAtDeadline = answer.appendedAudio
    let next = now + settings.answerTimeout + playout.ahead(now)
    answerDeadline = settings.mode == .chunk ? next : min(next, answerBegan + settings.answerTimeout + Self.wavGrace)
  }

  private static let wavGrace = Duration.seconds(3)

  /// The bot has failed: what it had still to say would only keep the caller from what the configuration has for that.
  private mutating func fallBack(now: Duration) {
    guard answer.ending?.isTerminal != true else { return }
    answer.clear()
    switch settings.fallback.prompt {
    case .none: break
    case .audio(let bytes): _ = answer.append(.audio(bytes, bargeIn: false), limit: .max)
    case .text(let text): _ = answer.append(.text(text, bargeIn: false), limit: .max)
    }
    finishTurn(.failed, now: now)
  }

  private mutating func finishTurn(_ ending: Answer.Ending, now: Duration) {
    answerDeadline = nil
    if ending == .callersTurn, answerer == nil, answer.isEmpty { return }
    answer.ending = ending
    if answerer == nil {
      if ending.isTerminal, let rpc = listener ?? rpcs.last?.id {
        listener = nil
        isSpeaking = false
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
