import AudioCodecs
import BotEngine
import CallTraces
import GRPCTransport
import Tracing
import WebexProtocol

extension Conversation {
  /// Tells the bot; the first word starts it.
  func tell(_ event: CallerEvent, turn: Int) {
    events.deliver(event, turn: turn)
    guard !isBotStarted, !machine.isClosed else { return }
    isBotStarted = true
    startBot()
  }

  private func startBot() {
    let own = LoopBound(self, loop: loop)
    guard agent.health.admit(now: loop.now) else {
      loop.execute { own.value.botReturned(.keptAway) }
      return
    }
    let inbox = BotInbox(
      loop: loop, room: room, onDrop: { [metrics] in metrics.dropped($0) }
    ) { command, turn in own.value.carryOut(command, turn: turn) }
    let context = trace?.botStarted(now: loop.now)
    info.traceparent = context?.trace?.traceparent
    let call = BotCall(info: info, events: events, room: room) { command, turn in inbox.send(command, turn: turn) }
    let engine = agent.engine
    let loop = loop
    bot = Task(executorPreference: loop) {
      var failure: (any Error)?
      do {
        try await InstrumentationContext.withValue(context) { try await engine.converse(call) }
      } catch { failure = error }
      let end = BotEnd(failure)
      loop.execute { own.value.botReturned(end) }
    }
  }

  /// The bot's part is over; if the call is still up, the caller must not be left alone.
  private func botReturned(_ end: BotEnd) {
    hearOut()
    guard !machine.isClosed else { return }
    failure = end
    trace?.botLeft(failure: end.isInOrder ? nil : end.kind, now: loop.now)
    perform(machine.botLeft(isInOrder: end.isInOrder, now: loop.now))
  }

  /// How the bot failed in a call that ended for that.
  var botFailure: BotEnd { failure ?? (machine.isAnswerTooLong ? .tooLong : .silent) }

  /// The call ended because the bot failed.
  func count(_ end: BotEnd) {
    if case .keptAway = end {
      log.notice("the bot is not asked while it fails; the caller gets the fallback")
      return
    }
    log.error("the bot failed; the caller gets the fallback", metadata: ["error": "\(end)"])
    if agent.health.failed(end.kind, "\(end)", at: answered == nil ? .greeting : .turns, now: loop.now) {
      log.error("the bot is not asked any more until a call that tries succeeds", metadata: ["agent": "\(agent.id)"])
    }
  }

  /// After the call, a bot that does not come to its end is cancelled.
  func endBot() {
    guard let bot else { return }
    _ = loop.schedule(after: .seconds(5)) { bot.cancel() }
  }

  func carryOut(_ command: BotCommand, turn: Int) {
    hearOut()
    guard !machine.isClosed else { return }
    let turn = machine.turn(of: turn)
    var command = command
    if case .audio(let audio) = command { command = .audio(mulaw(audio)) }
    if let handedOver, turn >= handedOver.turn, command.isSpeech {
      agent.metrics.botSpoke(after: loop.now - handedOver.at)
      self.handedOver = nil
    }
    if machine.withholds(turn: turn), !command.endsInput {
      return perform(machine.bot(command, turn: turn, now: loop.now))
    }
    if let answer = command.answer { trace?.answered(answer, turn: turn, now: loop.now) }
    noteAnswer(command, turn: turn)
    switch command {
    case .transcript(let speaker, let text): record(transcript: speaker, text)
    case .endInput: return endInput(turn: turn)
    case .keep(let text): return keep(text)
    default: break
    }
    perform(machine.bot(command, turn: turn, now: loop.now))
    if command.isSpeech, machine.isAnswered(turn: turn) {
      record("turn_ended_by_bot")
      endInput(turn: turn)
    }
    if machine.drops.overflowedOutputs > 0, !hasReportedOverflow { reportOverflow() }
    if recorder != nil { recordSensitivity() }
    if ownership != nil { keepSensitivity() }
    settleSpeech()
  }

  /// What says that the bot works, at each stage once. The first turn is the greeting's.
  private func noteAnswer(_ command: BotCommand, turn: Int) {
    guard answered != .turns, command.answer != nil else { return }
    let stage: CircuitBreaker.Stage =
      switch command {
      case .transfer, .end: .turns
      default: turn > 1 ? .turns : .greeting
      }
    guard stage != answered else { return }
    answered = stage
    if agent.health.succeeded(at: stage, now: loop.now) {
      log.notice("the bot is back", metadata: ["agent": "\(agent.id)"])
    }
  }

  /// The bot heard the caller finish before our own detector did.
  private func endInput(turn: Int) {
    guard machine.mayEndInput(turn: turn) else { return }
    turnEnded = (loop.now, nil)
    turnEnd = .bot
    deliverUtterance()
    let offset = speech?.position ?? 0
    speech?.reset()
    perform(machine.inputEnded(offset: offset, now: loop.now))
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

  /// What goes on the wire is mu-law at 8 kHz.
  private func mulaw(_ audio: BotAudio) -> BotAudio {
    guard case .linear(var samples, let rate) = audio.content else { return audio }
    if rate != 8000 {
      if resampler?.inputRate != rate { resampler = try? Resampler(fromAny: rate, to: 8000) }
      if resampler == nil { metrics.refusedPrompts.increment() }
      samples = resampler?.process(samples) ?? []
    }
    var audio = audio
    audio.content = .mulaw(AudioEncoding.mulaw.encode(samples))
    return audio
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
    case .keptAway: "not asked: it keeps failing"
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
  fileprivate var endsInput: Bool { if case .endInput = self { true } else { false } }

  fileprivate var isSpeech: Bool {
    switch self {
    case .audio, .text: true
    default: false
    }
  }
}
