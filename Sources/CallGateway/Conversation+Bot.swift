import AudioCodecs
import BotEngine
import GRPCTransport
import WebexProtocol

extension Conversation {
  /// Tells the bot; the first word starts it.
  func tell(_ event: ConversationEvent, turn: Int) {
    events.deliver(CallerEvent(event), turn: turn)
    if bot == nil, !machine.isClosed { startBot() }
  }

  private func startBot() {
    let own = LoopBound(self, loop: loop)
    let inbox = BotInbox(loop: loop, onDrop: { [metrics] in metrics.commandDropped() }) { command, turn in
      own.value.take(command, turn: turn)
    }
    let call = BotCall(info: info, events: events) { command, turn in inbox.send(command, turn: turn) }
    let engine = agent.engine
    let loop = loop
    bot = Task(executorPreference: loop) {
      var failure: (any Error)?
      do { try await engine.converse(call) } catch { failure = error }
      let end = BotEnd(failure)
      loop.execute { own.value.botReturned(end) }
    }
  }

  /// The bot's part is over; if the call is still up, the caller must not be left alone.
  private func botReturned(_ end: BotEnd) {
    guard !machine.isClosed else { return }
    if case .failed(let what) = end {
      metrics.botFailures.increment()
      log.error("the bot failed; the caller is transferred", metadata: ["error": "\(what)"])
    }
    perform(machine.bot(.failed, turn: machine.turn, now: CallClock.now()))
  }

  /// After the call, a bot that does not come to its end is cancelled.
  func endBot() {
    guard let bot else { return }
    _ = loop.schedule(after: .seconds(5)) { bot.cancel() }
  }

  private func take(_ command: BotCommand, turn: Int) {
    guard !machine.isClosed else { return }
    perform(machine.bot(output(command), turn: turn, now: CallClock.now()))
    settleSpeech()
  }

  private func output(_ command: BotCommand) -> BotOutput {
    switch command {
    case .audio(let audio): .audio(mulaw(audio), bargeIn: audio.bargeIn)
    case .text(let text, let bargeIn): .text(text, bargeIn: bargeIn)
    case .clear: .clear
    case .endTurn(let settings): .endTurn(settings.map(turnSettings))
    case .inputSettings(let settings): .settings(turnSettings(settings))
    case .transfer(let summary, let metadata):
      .transfer(summary: summary, metadata: metadata.mapValues(StructValue.init))
    case .end: .end
    case .customEvent(let name, let metadata): .custom(name: name, metadata: metadata.mapValues(StructValue.init))
    case .sensitive(let isSensitive): .sensitive(isSensitive)
    case .transcript(let speaker, let text): .transcript(speaker: speaker.rawValue, text: text)
    case .mark(let name): .mark(name)
    }
  }

  private func turnSettings(_ settings: BotInputSettings) -> TurnSettings {
    TurnSettings(settings, defaults: agent.conversation.turn)
  }

  /// What goes on the wire is mu-law at 8 kHz.
  private func mulaw(_ audio: BotAudio) -> [UInt8] {
    switch audio.content {
    case .mulaw(let bytes): return bytes
    case .linear(let samples, 8000): return AudioEncoding.mulaw.encode(samples)
    case .linear(let samples, let rate):
      if resampler?.inputRate != rate { resampler = try? Resampler(from: rate, to: 8000) }
      guard let resampler else {
        metrics.refusedPrompts.increment()
        return []
      }
      return AudioEncoding.mulaw.encode(resampler.process(samples))
    }
  }
}

/// How a bot's part came to its end.
private enum BotEnd: Sendable {
  case returned
  case failed(String)

  init(_ error: (any Error)?) {
    guard let error, !(error is CancellationError) else {
      self = .returned
      return
    }
    // The type alone: an error's text may quote what the caller said.
    self = .failed("\(type(of: error))")
  }
}
