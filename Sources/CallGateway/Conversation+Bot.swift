import AudioCodecs
import BotEngine
import GRPCTransport
import WebexProtocol

extension Conversation {
  /// Tells the bot; the first word starts it.
  func tell(_ event: ConversationEvent, turn: Int) {
    events.deliver(CallerEvent(event), turn: turn)
    guard !isBotStarted, !machine.isClosed else { return }
    isBotStarted = true
    startBot()
  }

  private func startBot() {
    let own = LoopBound(self, loop: loop)
    guard agent.health.admit() else {
      loop.execute { own.value.botReturned(.keptAway) }
      return
    }
    let inbox = BotInbox(
      loop: loop, room: room, onDrop: { [metrics] in metrics.commandDropped() }
    ) { command, turn in own.value.take(command, turn: turn) }
    let call = BotCall(info: info, events: events, room: room) { command, turn in inbox.send(command, turn: turn) }
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
    failure = end
    let output: BotOutput = end.isInOrder ? .finished : .failed
    perform(machine.bot(output, turn: machine.turn, now: CallClock.now()))
  }

  /// The call ended because the bot failed.
  func countFailure() {
    let end = failure ?? (machine.isAnswerTooLong ? .tooLong : .silent)
    if case .keptAway = end {
      log.notice("the bot is not asked while it fails; the caller gets the fallback")
      return
    }
    log.error("the bot failed; the caller gets the fallback", metadata: ["error": "\(end)"])
    if agent.health.failed(end.kind) {
      log.error("the bot is not asked any more until a call that tries succeeds", metadata: ["agent": "\(agent.id)"])
    }
  }

  /// After the call, a bot that does not come to its end is cancelled.
  func endBot() {
    guard let bot else { return }
    _ = loop.schedule(after: .seconds(5)) { bot.cancel() }
  }

  private func take(_ command: BotCommand, turn: Int) {
    guard !machine.isClosed else { return }
    if case .transcript(let speaker, let text) = command { record(transcript: speaker, text) }
    if !hasAnswered, command.isAnswer {
      hasAnswered = true
      if agent.health.succeeded() { log.notice("the bot is back", metadata: ["agent": "\(agent.id)"]) }
    }
    if command.disablesPromptCancellation {
      perform(machine.bot(.disablePromptCancellation, turn: turn, now: CallClock.now()))
    }
    guard let output = rules(for: command) else { return endInput(turn: turn) }
    perform(machine.bot(output, turn: turn, now: CallClock.now()))
    if machine.drops.overflowedOutputs > 0, !hasReportedOverflow { reportOverflow() }
    if recorder != nil { recordSensitivity() }
    settleSpeech()
  }

  /// The bot heard the caller finish before our own detector did.
  private func endInput(turn: Int) {
    guard machine.isSpeaking, turn >= machine.turn else { return }
    turnEnded = CallClock.now()
    deliverUtterance()
    let offset = speech?.position ?? 0
    speech?.reset()
    perform(machine.speechEnded(offset: offset, now: CallClock.now()))
  }

  /// Tells the bot whether there is room for more of its output.
  func settleRoom() {
    let hasChanged = output.settle(
      waiting: machine.queuedBytes, full: machine.fullBytes, roomy: agent.conversation.roomyBytes)
    if hasChanged { room.set(.conversation, isFull: output.isFull) }
  }

  /// Once a call: its author is to know why the caller does not hear all of it.
  private func reportOverflow() {
    hasReportedOverflow = true
    log.warning(
      "the bot says more than may wait to be heard; what does not fit is dropped",
      metadata: ["agent": "\(agent.id)", "bytes": "\(agent.conversation.maximumQueuedBytes)"])
  }

  /// What the rules of the conversation have to do with it; `nil` for what concerns the detector.
  private func rules(for command: BotCommand) -> BotOutput? {
    switch command {
    case .audio(let audio): .audio(mulaw(audio), bargeIn: audio.bargeIn)
    case .text(let text, let bargeIn, _): .text(text, bargeIn: bargeIn)
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
    case .endInput: nil
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
      if resampler?.inputRate != rate { resampler = try? Resampler(fromAny: rate, to: 8000) }
      guard let resampler else {
        metrics.refusedPrompts.increment()
        return []
      }
      return AudioEncoding.mulaw.encode(resampler.process(samples))
    }
  }
}

/// How a bot's part came to its end while the call was up.
enum BotEnd: Sendable, CustomStringConvertible {
  /// It was not asked: it has failed too often.
  case keptAway
  /// It did not answer in time.
  case silent
  /// A WAV answer of its was longer than one may be.
  case tooLong
  case returned
  case failed(BotFailure)
  /// An error of another type. The type's name alone: an error's text may quote what the caller said.
  case threw(String)

  init(_ error: (any Error)?) {
    switch error {
    case nil, is CancellationError: self = .returned
    case let failure as BotFailure: self = .failed(failure)
    case let error?: self = .threw("\(type(of: error))")
    }
  }

  /// Whether it left as one does that has said what it had to say: the caller hears it out.
  var isInOrder: Bool {
    switch self {
    case .returned: true
    case .failed(let failure): failure.isInOrder
    case .keptAway, .silent, .tooLong, .threw: false
    }
  }

  /// A metric's label.
  var kind: String {
    switch self {
    case .keptAway: "kept_away"
    case .silent: "silent"
    case .tooLong: "flooded"
    case .returned: "returned"
    case .failed(let failure): failure.kind.rawValue
    case .threw: "error"
    }
  }

  /// For logs.
  var description: String {
    switch self {
    case .keptAway: "not asked"
    case .silent: "no answer in time"
    case .tooLong:
      "its answer is longer than a WAV response may be (250 s); end the turn before that, or set `responses: chunk`"
    case .returned: "it returned before the end of the call"
    case .failed(let failure): failure.description
    case .threw(let type): type
    }
  }
}

extension BotCommand {
  fileprivate var disablesPromptCancellation: Bool {
    switch self {
    case .audio(let audio): audio.disablesPromptCancellation
    case .text(_, _, let disables): disables
    default: false
    }
  }

  /// Whether the bot shows by it that it works.
  fileprivate var isAnswer: Bool {
    switch self {
    case .audio, .text, .endTurn, .transfer, .end: true
    case .clear, .inputSettings, .customEvent, .sensitive, .transcript, .mark, .endInput: false
    }
  }
}
