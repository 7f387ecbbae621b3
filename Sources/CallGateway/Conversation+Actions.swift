import AudioCodecs
import BotEngine
import GRPCTransport
import Logging
import Recordings
import SpeechDetection
import WebexProtocol
import Wire

/// Carrying out what the rules decide: answers to the caller, events to the bot, the end.
extension Conversation {
  func perform(_ actions: [ConversationAction]) {
    if let ownership, isWithheld(actions, ownership) { return }
    for action in actions {
      switch action {
      case .send(let rpc, let response): send(response, on: rpc)
      case .fill(let rpc, let response, let reason):
        if let reason { agent.metrics.filled(reason) }
        keep(filler: response, begins: reason)
        expectEcho(of: response)
        interactions[rpc]?.line.send(response.encoded())
      case .paused: recorder?.event("prompt_paused", now: loop.now - began)
      case .unpaused(let end):
        agent.metrics.paused(end)
        recorder?.event("prompt_\(end.rawValue)", now: loop.now - began)
      case .finish(let rpc, let completion): finish(rpc, completion)
      case .tell(let event, let turn):
        if case .interrupted = event { echo?.stop(at: loop.now) }
        show(event)
        if event.turnKind != nil { handedOver = (turn, loop.now) }
        record(event)
        tell(event, turn: turn)
        trace?.told(
          event, turn: turn, position: speech?.position, silence: turnEnded?.silence, now: loop.now)
      case .tellTurn(let event, let turn): tell(event, turn: turn)
      case .release(let turn): release(turn: turn)
      case .resetDetector:
        speech?.reset()
        utterance.forget()
      case .close(let end): close(end)
      }
    }
    status.lostSince = machine.lostSince
    trace?.settle(isSpeaking: machine.isSpeaking, now: loop.now)
    settleRoom()
    // Held strongly: every conversation ends, by its idle time at the latest, and that cancels the timer.
    timer.set(machine.nextDeadline, on: loop) { self.tick() }
  }

  func show(_ event: CallerEvent) {
    switch event {
    case .speechStarted:
      status.set(.speaking)
      status.note(.speaking, now: loop.now)
    case .started, .speechEnded, .digits, .noInput, .custom:
      status.set(.answering)
      status.countTurn()
      let end: TurnEnd? = if case .speechEnded = event { turnEnd } else { nil }
      status.note(.turn, event.turnKind, end: end, now: loop.now)
      agent.metrics.handedOver(event)
    case .interrupted:
      status.set(.waiting)
      status.note(.interrupted, now: loop.now)
    case .ended: status.set(.waiting)
    case .audio, .mark: break
    }
    if case .digits = event { metrics.digitEntries.increment() }
  }

  private func send(_ response: VoiceResponse, on rpc: RPCID) {
    if response.inputMode != nil { status.set(.waiting) }
    if let ended = turnEnded, response.carriesAnswer {
      let time = loop.now - ended.at
      agent.metrics.answered(after: time, silence: ended.silence)
      metrics.overview.answered(status, after: time, silence: ended.silence, now: loop.now)
      turnEnded = nil
    }
    if recorder != nil || trace != nil { keep(response) }
    expectEcho(of: response)
    interactions[rpc]?.line.send(response)
  }

  private func finish(_ rpc: RPCID, _ completion: RPCCompletion) {
    guard let interaction = leave(rpc) else { return }
    switch completion {
    case .ok: interaction.line.finish(.ok, lingering: machine.awaitsDelivery(on: rpc) ? Self.lingering : .zero)
    case .tooManyCalls:
      interaction.line.finish(RPCStatus(.resourceExhausted, "too many calls of one conversation"))
    case .unavailable: interaction.line.finish(RPCStatus(.unavailable, "the server is shutting down"))
    }
  }

  /// Why a call ends whose caller was told nothing, since no interaction came on which it could be told.
  private var silentEnd: RPCStatus {
    failure == nil
      ? RPCStatus(.deadlineExceeded, "nothing came for the call for too long")
      : RPCStatus(.internal, "the bot has left the call, and nothing came on which the caller could be told")
  }

  /// A client that gives the greeting up does so while it connects or fails over: within this time of the greeting.
  private static let lingering = Duration.milliseconds(100)

  func close(_ end: CallEnd) {
    timer.cancel()
    quietTimer?.cancel()
    quietTimer = nil
    let drops = machine.drops
    log.info(
      "conversation ended",
      metadata: [
        "reason": "\(end.rawValue)", "seconds": "\((loop.now - began).components.seconds)",
        "stale": "\(drops.staleOutputs)", "overflowed": "\(drops.overflowedOutputs)", "late": "\(drops.lateOutputs)",
        "bot_audio_dropped_ms": "\(events.droppedMilliseconds)",
      ])
    metrics.dropped(drops, of: events)
    agent.metrics.prepared(machine.eagerAnswers)
    finishRecording()
    let failure = end == .botFailed ? botFailure : nil
    metrics.conversationEnded(
      status, end, failure: failure.map { "\($0)" }, after: loop.now - began, now: loop.now)
    if let failure { count(failure) }
    trace?.closed(end, failure: failure?.kind, turns: status.turns, now: loop.now)
    // A socket has a line that outlasts the interactions on it: it is told, and with it a caller whom time has run out for.
    for line in interactions.values.map(\.line) {
      if end == .shutdown || end == .tooLong { line.send(machine.partingResponse) }
      if end == .idle { leave(line.id)?.line.finish(silentEnd, lingering: .zero) } else { finish(line.id, .ok) }
    }
    onClose?(self)
    onClose = nil
    room.finish()
    endBot()
  }
}

extension VoiceResponse {
  /// Whether the caller hears or sees something of the bot's answer in it.
  fileprivate var carriesAnswer: Bool { !prompts.isEmpty || inputMode != nil || events.contains { $0.kind.isTerminal } }
}

extension VoiceResponse.Event.Kind {
  fileprivate var isTerminal: Bool { self == .sessionEnd || self == .transferToAgent }
}
