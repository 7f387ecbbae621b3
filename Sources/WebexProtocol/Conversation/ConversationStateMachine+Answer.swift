import AudioCodecs

extension ConversationStateMachine {
  /// Sends what can be sent of the answer, and completes the RPC where the turn is over.
  mutating func flush(now: Duration) {
    guard let rpc = answerer else { return }
    switch settings.mode {
    case .wav:
      guard let ending = answer.ending else { return }
      let prompts = answer.takeAll().map { prompt(of: $0, isTerminal: ending.isTerminal, now: now) }
      conclude(ending, prompts: prompts, on: rpc, now: now)
    case .chunk:
      let isTerminal = answer.ending?.isTerminal == true
      while playout.ahead(now) < settings.maximumAhead || isTerminal,
        let piece = answer.takeChunk(
          sizes: settings.chunks, isUrgent: playout.ahead(now) <= Self.urgentAhead)
      {
        let prompt = prompt(of: piece, isTerminal: isTerminal, now: now)
        actions.append(.send(rpc, VoiceResponse(.chunk, prompts: [prompt], isInputSensitive: isSensitive)))
      }
      settleMarks(now: now)
      guard let ending = answer.ending, answer.pieces.isEmpty else { return }
      conclude(ending, prompts: emptyPromptForChunks, on: rpc, now: now)
    }
  }

  private mutating func conclude(
    _ ending: Answer.Ending, prompts: [VoiceResponse.Prompt], on rpc: RPCID, now: Duration
  ) {
    let event = answer.event
    settleMarks(now: now)
    answer = Answer()
    audioAtDeadline = 0
    if case .inProgress(let first) = greeting { greeting = .sent(first) }
    guard ending.isTerminal else {
      actions.append(.send(rpc, continuingResponse(prompts: prompts, event: event)))
      complete(rpc)
      return
    }
    actions.append(.send(rpc, terminalResponse(ending, prompts: prompts)))
    switch ending {
    case .end: close(.ended)
    case .failed: close(.botFailed)
    case .transfer, .callersTurn: close(.transferred)
    }
  }

  /// In CHUNK mode an answer ends with one prompt whose audio is present and empty.
  var emptyPromptForChunks: [VoiceResponse.Prompt] {
    settings.mode == .chunk ? [.init(audio: [], isBargeInEnabled: false)] : []
  }

  private mutating func prompt(of piece: Answer.Piece, isTerminal: Bool, now: Duration) -> VoiceResponse.Prompt {
    switch piece {
    case .audio(let bytes, let bargeIn):
      // What precedes a transfer or an end is heard out.
      let mayInterrupt = bargeIn && !isTerminal
      playout.enqueue(bytes: bytes.count, bargeIn: mayInterrupt, now: now)
      let audio = settings.mode == .wav ? WAVFile(format: .telephone, audio: bytes).bytes : bytes
      return .init(audio: audio, isBargeInEnabled: mayInterrupt)
    case .text(let text, let bargeIn):
      return .init(text: text, isBargeInEnabled: bargeIn && !isTerminal)
    }
  }

  /// A word on the caller's input. It must not clear what an earlier answer said of its being sensitive.
  func event(_ event: VoiceResponse.Event.Kind, _ kind: VoiceResponse.Kind = .final) -> VoiceResponse {
    VoiceResponse(kind, events: [.init(event)], isInputSensitive: isSensitive)
  }

  /// An answer after which the call goes on: it says how the caller's next input is taken.
  func continuingResponse(prompts: [VoiceResponse.Prompt], event: VoiceResponse.Event?) -> VoiceResponse {
    VoiceResponse(
      .final, prompts: prompts, events: event.map { [$0] } ?? [], isInputSensitive: isSensitive,
      inputMode: current.mode, inputHandling: current.handling)
  }

  /// An answer after which the call is no longer ours: no input settings.
  func terminalResponse(_ ending: Answer.Ending, prompts: [VoiceResponse.Prompt]) -> VoiceResponse {
    var response = VoiceResponse(.final, prompts: prompts)
    response.transcript = transcript.isEmpty ? nil : transcript.joined(separator: "\n")
    switch ending {
    case .end, .callersTurn: response.events = [.init(.sessionEnd)]
    case .failed where settings.fallback.endsCall: response.events = [.init(.sessionEnd)]
    case .failed:
      response.events = [.init(.transferToAgent, metadata: ["reason": .string("virtual agent unavailable")])]
    case .transfer(let summary, var metadata):
      if let summary { metadata["summary"] = .string(summary) }
      response.events = [.init(.transferToAgent, metadata: metadata)]
      response.summary = summary
    }
    return response
  }
}

extension ConversationStateMachine.Settings {
  /// With this many bytes waiting the bot is asked to pause.
  public var fullBytes: Int { maximumQueuedBytes / 4 * 3 }
  /// With no more than this many bytes waiting it may go on.
  public var roomyBytes: Int { maximumQueuedBytes / 4 }
}
