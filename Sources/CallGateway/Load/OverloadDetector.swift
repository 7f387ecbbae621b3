/// Whether a loop is given more than it can do. A pure value: samples and a clock in, a decision out.
///
/// Two things have to be there at once. The callers' audio is behind real time: a slow client, or a network that stalls,
/// looks the same. And the loop finds no time to sleep: a burst of work that it can do looks the same.
struct OverloadDetector {
  /// What was seen since the last sample.
  struct Sample {
    /// The part of the time, 0 to 1, in which the loop did not sleep.
    var sleepless: Double
    /// How far the audio of 95 of 100 calls is behind at most, in milliseconds; `nil` where no call sent audio.
    var lag: Int?
  }

  /// The loop counts as busy from this part on.
  static let busy = 0.9
  /// How long it has to be so before calls are refused. Each call that is admitted meanwhile makes it worse.
  static let patienceBefore = Duration.milliseconds(500)
  /// How long it has to be over before calls are admitted again.
  static let patienceAfter = Duration.seconds(1)

  private(set) var isOverloaded = false
  /// Since when the samples have said the opposite of ``isOverloaded``.
  private var contradictedSince: Duration?

  /// Takes a sample; true where the decision has changed.
  ///
  /// - Parameter limit: the lag from which calls are refused; below half of it they are admitted again.
  mutating func observe(_ sample: Sample, limit: Duration, now: Duration) -> Bool {
    let threshold = limit.components.seconds * 1000 + limit.components.attoseconds / 1_000_000_000_000_000
    let bound = isOverloaded ? threshold / 2 : threshold
    // Calls of a loop that is busy and reads no audio at all are no better off than they were.
    let isLate = sample.lag.map { $0 >= max(1, bound) } ?? isOverloaded
    let isTooMuch = sample.sleepless >= Self.busy && isLate
    guard isTooMuch != isOverloaded else {
      contradictedSince = nil
      return false
    }
    let since = contradictedSince ?? now
    contradictedSince = since
    guard now - since >= (isTooMuch ? Self.patienceBefore : Self.patienceAfter) else { return false }
    isOverloaded = isTooMuch
    contradictedSince = nil
    return true
  }
}
