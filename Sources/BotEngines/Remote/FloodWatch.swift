/// Tells a bot that floods from one that hands over a long announcement at once, or speaks faster than it is heard.
///
/// What is not heard yet waits here, ten minutes of it, and what there is no room for waits in the bot's socket, which
/// its own side feels. One that fills the room at a rate at which nobody makes speech, and still has more to say after
/// ``patience``, is a fault and not a speaker.
struct FloodWatch {
  /// Words that are not heard yet: about as much as there is room for (``OutputRoom``).
  static let most = Duration.seconds(590)

  /// For how long a bot that has filled the room so fast may be held up.
  static let patience = Duration.seconds(5)

  /// Times as fast as it is spoken: speech synthesis and models are below it by far.
  static let fastest = 20

  /// The longest turn where nothing is heard before its end.
  static let longestTurn = Duration.seconds(240)

  /// Audio that is dropped after an interruption, before the bot is taken for one that never listens: the rest of an
  /// announcement that it had handed over may be on its way.
  static let mostDropped = Duration.seconds(600)

  private let isHeardAtOnce: Bool
  private var began: Duration?
  /// When what came so far will have been played.
  private var end: Duration = .zero
  private var total: Duration = .zero
  private var dropped: Duration = .zero
  private var last: Duration = .zero

  /// Whether there is more to be heard than anybody says, and it came faster than anybody makes speech.
  var isInhuman: Bool {
    guard let began, end - last > Self.most else { return false }
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
    // Nothing is read that there is no room for: this much is never ahead of a bot that is held up.
    return isInhuman && end - now > Self.most * 2
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
