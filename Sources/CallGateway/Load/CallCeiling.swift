/// How many calls may be live while a loop is given more than it can do. A pure value: samples and a clock in, a number out.
///
/// The sign is a loop that has not found its queue empty for a while: nothing can have waited for longer than that, and a
/// loop that keeps up finds it empty many times a second. One pause looks the same, so a pause leaves room for some more
/// calls and is forgotten soon after it, whoever was refused. A loop that stays behind accepts nobody until it has caught
/// up. From then on the ceiling is raised in small steps for as long as somebody is refused.
struct CallCeiling {
  /// What was seen since the last sample.
  struct Sample {
    /// Calls that are live.
    var live: Int
    /// The longest time in which the loop did not find its queue empty.
    var busy: Duration
    /// Whether callers are heard; nobody is late where nobody speaks.
    var hasAudio: Bool
    /// Calls that were refused.
    var refused: Int
  }

  /// The part of the live calls that may come once the loop is behind, which may be a pause; at least ``leastRoom``.
  static let room = 1.0 / 16
  /// See ``room``.
  static let leastRoom = 4
  /// Behind for longer than this is no pause: a process that was stopped for a second catches up in another one.
  static let pause = Duration.milliseconds(1500)
  /// Not behind for this long, a loop has caught up: a full queue is found empty now and then, too.
  static let caughtUp = Duration.milliseconds(500)
  /// The part of the live calls at which calls are accepted again after that.
  static let left = 0.95
  /// Without being behind for this long, the ceiling is raised, or taken away where nobody was refused for as long.
  static let calm = Duration.seconds(1)
  /// Time between two steps up, each of one call or of one in 64.
  static let step = Duration.milliseconds(250)

  /// How many calls may be live; `nil` for as many as come.
  private(set) var ceiling: Int?
  /// How late callers may have been heard when the loop was last behind.
  private(set) var lateness = Duration.zero
  /// Whether new calls are refused, or would be.
  private(set) var isReached = false
  /// Whether the loop stayed behind for longer than a pause since there is a ceiling.
  private var isProven = false
  private var behindSince: Duration?
  private var lastBehind = Duration.zero
  private var lastReached = Duration.zero
  private var lastStep = Duration.zero

  /// How many calls may be admitted until the next sample; `nil` for as many as come.
  func room(live: Int) -> Int? { ceiling.map { max(0, $0 - live) } }

  /// Takes a sample.
  ///
  /// - Parameter limit: for how long a loop may find its queue full before it is behind.
  mutating func observe(_ sample: Sample, limit: Duration, now: Duration) {
    let live = sample.live
    if sample.hasAudio, sample.busy >= limit {
      let since = behindSince ?? now
      (behindSince, lastBehind, lateness) = (since, now, sample.busy)
      if now - since >= Self.pause {
        lastReached = now
        isReached = true
        isProven = true
        ceiling = min(ceiling ?? .max, Int(Double(live) * Self.left))
      } else if ceiling == nil {
        ceiling = live + max(Self.leastRoom, Int(Double(live) * Self.room))
      }
    } else {
      if now - lastBehind >= Self.caughtUp { behindSince = nil }
      if let ceiling, now - lastBehind >= Self.calm, now - lastStep >= Self.step {
        lastStep = now
        self.ceiling = max(ceiling, min(ceiling, live) + max(1, live / 64))
      }
    }
    if sample.refused > 0 {
      lastReached = now
      isReached = true
    }
    let isOver = isProven ? now - max(lastBehind, lastReached) >= Self.calm : now - lastBehind >= Self.caughtUp
    if isOver {
      isReached = false
      isProven = false
      ceiling = nil
    }
  }
}
