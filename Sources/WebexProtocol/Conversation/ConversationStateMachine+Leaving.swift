import BotEngine

// How a conversation ends for reasons that are neither the caller's nor the bot's.

/// A caller who is to be handed to a human agent, and who has no RPC open on which to say so.
struct Leaving: Equatable {
  let end: CallEnd
  let completion: RPCCompletion
  /// Until when the caller may come for it.
  var deadline: Duration
  /// More time was given once, to key an entry.
  var isExtended = false
}

extension ConversationStateMachine {
  /// A prompt that still plays is waited for, up to here.
  static let longestFarewell = Duration.seconds(120)

  /// How long, beyond its grace, a caller may be waited for who is to be handed over.
  public static let longestHandOver = longestFarewell + longestEntry

  /// Ends a conversation whose time is up. A caller who has an RPC open is handed over on it; one who has none, because a
  /// prompt plays or the next RPC is on its way, with the next one. That is waited for until the prompt's end and `grace`.
  mutating func leave(_ end: CallEnd, completion: RPCCompletion, grace: Duration, now: Duration) {
    guard leaving == nil else { return }
    guard rpcs.isEmpty else { return handOver(end, completion: completion, now: now) }
    let prompt = min(playout.ahead(now), Self.longestFarewell)
    leaving = Leaving(end: end, completion: completion, deadline: now + prompt + grace)
  }

  /// The caller who is waited for has come. False where the input is taken as ever.
  mutating func handOverWaiting(_ input: CallerInput, now: Duration) -> Bool {
    // A bot that has taken its leave in the meantime has said what becomes of the caller.
    guard let leaving, answer.ending?.isTerminal != true else { return false }
    switch input {
    case .sessionEnd, .unknown: return false
    case .startOfDTMF:
      // The platform reads no answer here: the entry itself gets it.
      if !leaving.isExtended {
        self.leaving?.isExtended = true
        self.leaving?.deadline = max(leaving.deadline, now + Self.longestEntry)
      }
      return false
    case .sessionStart, .noInput, .digits, .custom, .audio:
      handOver(leaving.end, completion: leaving.completion, now: now)
      return true
    }
  }

  /// The caller goes to a human, or where the configuration ends calls instead, hears its prompt and is hung up.
  mutating func handOver(_ end: CallEnd, completion: RPCCompletion, now: Duration) {
    if let rpc = answerer ?? listener ?? rpcs.last?.id {
      let prompts = settings.fallback.endsCall ? farewell(on: rpc, now: now) : []
      actions.append(.send(rpc, terminalResponse(.failed, prompts: prompts)))
    }
    close(end, completion: completion)
  }

  /// The fallback's prompt: what the last response carries of it, after what had to be sent ahead.
  private mutating func farewell(on rpc: RPCID, now: Duration) -> [VoiceResponse.Prompt] {
    var farewell = Answer()
    switch settings.fallback.prompt {
    case .none: return []
    case .audio(let bytes):
      if settings.mode == .wav { return [prompt(of: .audio(bytes, bargeIn: false), isTerminal: true, now: now)] }
      _ = farewell.append(audio: bytes, bargeIn: false, limit: .max)
    case .text(let text):
      if settings.mode == .wav { return [prompt(of: .text(text, bargeIn: false), isTerminal: true, now: now)] }
      _ = farewell.append(text: text, bargeIn: false, limit: .max)
    }
    farewell.ending = .failed
    while let piece = farewell.takeChunk(sizes: settings.chunks, isUrgent: true) {
      let prompt = self.prompt(of: piece, isTerminal: true, now: now)
      actions.append(.send(rpc, VoiceResponse(.chunk, prompts: [prompt], isInputSensitive: isSensitive)))
    }
    return emptyPromptForChunks
  }

  /// What a caller is told whose time is up, where nothing was said on any line.
  public var partingResponse: VoiceResponse { terminalResponse(.failed, prompts: []) }

  /// Whether nothing is under way: the caller has no RPC open, speaks not and keys not, and the bot owes no answer. Another
  /// server could go on from here.
  public func isBetweenTurns(_ now: Duration) -> Bool {
    guard !isClosed, leaving == nil, rpcs.isEmpty, answerDeadline == nil, !isSpeaking, !isKeying(now) else {
      return false
    }
    switch greeting {
    case .none: return turn > 0
    case .done: return true
    case .inProgress, .sent, .failed: return false
    }
  }

  // MARK: Callers who are gone

  /// When a conversation whose last RPC was lost is given up.
  var lossDeadline: Duration? {
    // Who hears a prompt need not come before its end.
    lostSince.map { max($0 + settings.lostTimeout, playout.end) }
  }

  /// Another caller needs the place of this one, who was lost.
  public mutating func giveUp(now: Duration) -> [ConversationAction] {
    guard !isClosed else { return [] }
    close(.lost)
    return taken()
  }
}
