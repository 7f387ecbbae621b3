/// Tells a bot that floods from one that only speaks faster than it is heard.
///
/// A bot may send its words faster than they are spoken: what there is no room for waits in its socket, which its own
/// side feels. One that fills the room at a rate at which nobody makes speech, and would go on for ``patience``, is a
/// fault and not a speaker.
struct FloodWatch {
  /// Words that are not heard yet: about as much as there is room for (``OutputRoom``).
  static let most = Duration.seconds(32)

  /// For how long there may be more than that without a break.
  static let patience = Duration.seconds(8)

  /// Times as fast as it is spoken: speech synthesis and models are below it by far.
  static let fastest = 20

  /// The longest turn where nothing is heard before its end.
  static let longestTurn = Duration.seconds(240)

  /// Audio that is dropped after an interruption, before the bot is taken for one that never listens.
  static let mostDropped = Duration.seconds(120)

  private let isHeardAtOnce: Bool
  private var began: Duration?
  /// When what came so far will have been played.
  private var end: Duration = .zero
  private var total: Duration = .zero
  private var dropped: Duration = .zero
  private var fullSince: Duration?
  private var last: Duration = .zero

  /// Whether the words of the turn came faster than anybody makes speech, and are many.
  var isInhuman: Bool {
    guard let began, total > Self.most / 2 else { return false }
    return total > (last - began + .milliseconds(100)) * Self.fastest
  }

  /// - Parameter isHeardAtOnce: ``CallInfo/isHeardAtOnce``.
  init(isHeardAtOnce: Bool) { self.isHeardAtOnce = isHeardAtOnce }

  /// The bot sent audio of this duration.
  ///
  /// - Returns: whether it floods.
  mutating func spoke(_ duration: Duration, now: Duration) -> Bool {
    let began = began ?? now
    self.began = began
    total += duration
    last = now
    end = max(end, now) + duration
    guard isHeardAtOnce else { return total > Self.longestTurn }
    let ahead = end - now
    guard ahead > Self.most else {
      if ahead < Self.most / 2 { fullSince = nil }
      return false
    }
    let since = fullSince ?? now
    fullSince = since
    let isInhuman = since - began < Self.most / Self.fastest
    return isInhuman && now - since > Self.patience
  }

  /// The bot sent audio of this duration that nobody will hear.
  ///
  /// - Returns: whether it floods.
  mutating func wasted(_ duration: Duration) -> Bool {
    dropped += duration
    return dropped > Self.mostDropped
  }

  /// What came so far was dropped, or a new turn begins: the next audio is played at once.
  mutating func reset() { self = FloodWatch(isHeardAtOnce: isHeardAtOnce) }
}
