import AudioCodecs

extension ConversationStateMachine {
  /// Sends what can be sent of the answer, and completes the RPC where the turn is over.
  mutating func flush(now: Duration) {
    guard let rpc = answerer else { return }
    switch settings.mode {
    case .wav:
      guard let ending = answer.ending else { return }
      let prompts = answer.takeAll().map { piece in
        switch piece {
        case .audio(let run, let bargeIn):
          prompt(of: .audio(run.bytes, bargeIn: bargeIn), isTerminal: ending.isTerminal, now: now)
        case .text(let text, let bargeIn):
          prompt(of: .text(text, bargeIn: bargeIn), isTerminal: ending.isTerminal, now: now)
        }
      }
      conclude(ending, prompts: prompts, on: rpc, now: now)
    case .chunk:
      guard heldSince == nil else { return }
      let isTerminal = answer.ending?.isTerminal == true
      while playout.ahead(now) <= mostAhead,
        let piece = answer.takeChunk(
          sizes: chunks, isUrgent: playout.ahead(now) <= Self.urgentAhead)
      {
        let prompt = prompt(of: piece, isTerminal: isTerminal, now: now)
        actions.append(
          .send(
            rpc,
            VoiceResponse(
              .chunk, prompts: [prompt], isInputSensitive: isSensitive,
              isPromptCancellationDisabled: answer.isCancellationDisabled)))
      }
      settleMarks(now: now)
      fill(on: rpc, now: now)
      guard let ending = answer.ending, answer.pieces.isEmpty else { return }
      conclude(ending, prompts: emptyPromptForChunks, on: rpc, now: now)
    }
  }

  /// How far what is sent may be ahead of what is heard. What precedes a transfer or an end cannot be interrupted: it
  /// waits here only for the bound on what may wait in the transport.
  var mostAhead: Duration {
    if answer.ending?.isTerminal == true { return Self.farewellAhead }
    guard let pacer else { return settings.maximumAhead }
    // With what is sent then, and what may be merged into it, the bound is kept.
    let next = (answer.hasSentAudio ? chunks.further : chunks.first) + chunks.minimum
    return pacer.bound - PlayoutClock.duration(ofBytes: next)
  }

  private static let farewellAhead = Duration.seconds(240)

  private mutating func conclude(
    _ ending: Answer.Ending, prompts: [VoiceResponse.Prompt], on rpc: RPCID, now: Duration
  ) {
    let event = answer.event
    let isCancellationDisabled = answer.isCancellationDisabled
    settleMarks(now: now)
    spoken.concluded(answer.appendedAudio)
    answer = Answer()
    audioAtDeadline = 0
    if case .inProgress(let first) = greeting { greeting = .sent(first) }
    guard ending.isTerminal else {
      var response = continuingResponse(prompts: prompts, event: event)
      response.isPromptCancellationDisabled = isCancellationDisabled
      actions.append(.send(rpc, response))
      complete(rpc)
      return
    }
    var response = terminalResponse(ending, prompts: prompts)
    response.isPromptCancellationDisabled = isCancellationDisabled
    actions.append(.send(rpc, response))
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

  mutating func prompt(of piece: Answer.Chunk, isTerminal: Bool, now: Duration) -> VoiceResponse.Prompt {
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
  /// With no more than this many bytes waiting a bot that was asked to pause may go on.
  public var roomyBytes: Int { max(fullBytes / 3, fullBytes - 262_144) }
}
