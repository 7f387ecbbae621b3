import BotEngine
import CallTraces
import Tracing

/// The trace of one conversation, made of what happens in it: who speaks when, and who is waited for. Nothing of what is
/// said, keyed or handed over is in it. On the conversation's loop.
///
/// Docs/traces.md has the spans.
struct ConversationTrace {
  let spans: ConversationSpans
  private let agent: String
  /// The bot's part of the call, from which it is handed the context.
  private var bot: RecordedSpan?
  /// The bot's turn, until it answers.
  private var response: (span: RecordedSpan, turn: Int)?
  private var callerSpeech: RecordedSpan?
  /// What is being played, and when it will have been.
  private var agentSpeech: (span: RecordedSpan, until: Duration)?

  init(_ spans: ConversationSpans, of info: CallInfo) {
    self.spans = spans
    agent = info.agent
    var attributes: SpanAttributes = [
      "gen_ai.conversation.id": "\(info.conversation)", "gen_ai.agent.id": "\(info.agent)",
      "patchbay.organization": "\(info.organization)", "patchbay.conversation.resumed": .bool(info.isResumed),
    ]
    attributes["patchbay.tracking_id"] = info.trackingID
    spans.root.attributes = attributes
  }

  // MARK: The caller

  /// Something happens on the caller's side.
  ///
  /// - Parameters:
  ///   - position: how much of the caller's audio has been heard, in milliseconds.
  ///   - silence: how long the caller had been silent when their turn was over, where speech ended it.
  mutating func told(_ event: CallerEvent, turn: Int, position: Int?, silence: Duration?, now: Duration) {
    switch event {
    case .speechStarted(let offset):
      let spoken = max(0, (position ?? offset) - offset)
      callerSpeech = spans.start("user_speech", at: now - .milliseconds(spoken))
    case .speechEnded:
      let end = now - (silence ?? .zero)
      endSpeech(at: end)
      if silence != nil { spans.add("eou_wait", from: end, to: now) }
    case .interrupted(let milliseconds, _):
      interrupt(played: milliseconds, now: now)
      endResponse("interrupted", now: now)
    default: break
    }
    guard let kind = event.turnKind else { return }
    endResponse("interrupted", now: now)
    let span = spans.start("agent_response", below: bot, at: now, ["patchbay.turn.kind": "\(kind)"])
    response = (span, turn)
  }

  /// Speech that leads to no turn is over where the conversation gives it up.
  mutating func settle(isSpeaking: Bool, now: Duration) {
    guard !isSpeaking, let callerSpeech else { return }
    callerSpeech.attributes["patchbay.speech.abandoned"] = true
    endSpeech(at: now)
  }

  private mutating func endSpeech(at time: Duration) {
    if let callerSpeech { spans.end(callerSpeech, at: time) }
    callerSpeech = nil
  }

  // MARK: The bot

  /// The bot's part begins. Gives the context that it works in.
  mutating func botStarted(now: Duration) -> InstrumentationContext {
    let span = spans.start(
      "invoke_agent \(agent)", kind: .client, at: now,
      [
        "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.id": "\(agent)",
      ])
    bot = span
    return span.context
  }

  /// The bot answers a turn: with `outcome`.
  mutating func answered(_ outcome: String, turn: Int, now: Duration) {
    if let response, turn >= response.turn { endResponse(outcome, now: now) }
  }

  private mutating func endResponse(_ outcome: String, failure: String? = nil, now: Duration) {
    guard let (span, _) = response else { return }
    response = nil
    span.attributes["patchbay.turn.outcome"] = outcome
    if let failure { span.fail(failure) }
    spans.end(span, at: now)
  }

  mutating func botLeft(failure: String?, now: Duration) {
    guard let bot else { return }
    self.bot = nil
    if let failure { bot.fail(failure) }
    spans.end(bot, at: now)
  }

  // MARK: What the caller hears

  /// Audio goes out, which is heard after what has gone out before.
  mutating func played(milliseconds: Int, now: Duration) {
    guard milliseconds > 0 else { return }
    if let (span, until) = agentSpeech, until < now {
      spans.end(span, at: until)
      agentSpeech = nil
    }
    let (span, until) = agentSpeech ?? (spans.start("agent_speech", at: now), now)
    agentSpeech = (span, until + .milliseconds(milliseconds))
  }

  private mutating func interrupt(played milliseconds: Int, now: Duration) {
    guard let (span, until) = agentSpeech else { return }
    agentSpeech = nil
    if until > now {
      span.attributes["patchbay.speech.interrupted"] = true
      span.attributes["patchbay.speech.played_ms"] = milliseconds
    }
    spans.end(span, at: min(until, now))
  }

  // MARK: The end

  /// The conversation is over; what was sent before is heard out unless the caller has gone.
  mutating func closed(_ end: CallEnd, failure: String?, turns: Int, now: Duration) {
    endSpeech(at: now)
    endResponse(failure == nil ? "ended" : "failed", failure: failure, now: now)
    botLeft(failure: failure, now: now)
    if let (span, until) = agentSpeech {
      let isCallerGone = end == .hangup || end == .lost
      spans.end(span, at: isCallerGone ? min(until, now) : until)
      agentSpeech = nil
    }
    spans.root.attributes["patchbay.conversation.end"] = end.rawValue
    spans.root.attributes["patchbay.conversation.turns"] = turns
    if let failure { spans.root.fail(failure) }
    spans.end(spans.root, at: now)
  }
}
