import BotEngine

// An agent that pauses: a prompt that somebody begins to speak over is not sent on, and goes on from its next sample where
// it was nothing. What is sent is so little ahead of what is heard that not to send is to pause.

extension ConversationStateMachine {
  /// Why a pause is over.
  public enum PauseEnd: String, Sendable, CaseIterable {
    /// It was a word of assent, a cough or nothing: the prompt goes on.
    case resumed
    /// The caller spoke on, or the turn went another way.
    case interrupted
  }

  /// How long a prompt may be held back without it being clear whether the caller speaks.
  static let longestPause = Duration.milliseconds(1200)

  /// Whether a prompt is held back.
  public var isPaused: Bool { heldSince != nil }

  /// Whether a prompt is being sent that would pause: it takes more to interrupt it than what pauses it.
  public func isPausable(_ now: Duration) -> Bool {
    guard pacer != nil, answerer != nil else { return false }
    return heldSince != nil || playout.isPlaying(now) || !answer.pieces.isEmpty
  }

  /// Somebody may have begun to speak over the prompt.
  public mutating func speechMayHaveBegun(now: Duration) -> [ConversationAction] {
    guard !isClosed, heldSince == nil, isPausable(now), !playout.isUninterruptible(now), !isKeying(now),
      answer.ending?.isTerminal != true
    else { return [] }
    heldSince = now
    actions.append(.paused)
    return taken()
  }

  /// What might have been speech was none, or not enough of it.
  public mutating func speechWasNothing(now: Duration) -> [ConversationAction] {
    resume(now: now)
    return taken()
  }

  /// The prompt goes on. The bot has as much more time as it was held back.
  mutating func resume(now: Duration) {
    guard let since = heldSince else { return }
    endPause(.resumed)
    if let deadline = answerDeadline { answerDeadline = deadline + (now - since) }
    flush(now: now)
  }

  mutating func endPause(_ end: PauseEnd) {
    guard heldSince != nil else { return }
    heldSince = nil
    actions.append(.unpaused(end))
  }

  /// Until when the prompt is held back at most.
  var pauseDeadline: Duration? { heldSince.map { $0 + Self.longestPause } }
}
