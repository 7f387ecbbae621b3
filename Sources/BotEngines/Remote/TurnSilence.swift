/// Finds the end of the turn of a bot that never says it: when it has spoken and then sends no audio for a while.
///
/// A pure value with the time as a parameter. Its owner tells what happens and asks at ``deadline`` whether the turn
/// is over.
public struct TurnSilence: Sendable, Equatable {
  private let silence: Duration
  private let isHeardAtOnce: Bool
  private var hasSpoken = false
  /// When the first audio came.
  private var began: Duration = .zero
  /// When the audio so far will have been played, or arrived, whichever the silence is reckoned from.
  private var quietSince: Duration = .zero

  /// - Parameters:
  ///   - silence: time without audio that ends the turn.
  ///   - isHeardAtOnce: whether the caller hears audio as it comes (``CallInfo/isHeardAtOnce``). Then a bot that sends
  ///     its words faster than they are spoken has until they have been spoken to go on; else the silence begins with
  ///     the last audio's arrival, because nothing is heard before the turn is over.
  public init(silence: Duration, isHeardAtOnce: Bool) {
    self.silence = silence
    self.isHeardAtOnce = isHeardAtOnce
  }

  /// When to call ``isOver(now:)`` next; `nil` while the bot has said nothing.
  public var deadline: Duration? { hasSpoken ? quietSince + silence : nil }

  /// The bot sent audio of this duration.
  public mutating func spoke(_ duration: Duration, now: Duration) {
    if !hasSpoken { began = now }
    quietSince = isHeardAtOnce ? max(hasSpoken ? quietSince : now, now) + duration : now
    hasSpoken = true
  }

  /// What the bot has said so far was held back, and is heard from now on.
  public mutating func heldBack(until now: Duration) {
    if hasSpoken, isHeardAtOnce { quietSince += max(.zero, now - began) }
  }

  /// The bot is made to wait until now, and could not go on.
  public mutating func heldUp(now: Duration) {
    if hasSpoken { quietSince = max(quietSince, now) }
  }

  /// Whether the turn is over now. Answers yes once a turn.
  public mutating func isOver(now: Duration) -> Bool {
    guard let deadline, deadline <= now else { return false }
    reset()
    return true
  }

  /// The turn ended otherwise: the caller interrupted it, or the bot said that it is over.
  public mutating func reset() {
    hasSpoken = false
    began = .zero
    quietSince = .zero
  }
}
