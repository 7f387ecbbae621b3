/// When a caller whose call failed calls again: later and later, so that a server in trouble is not called in a loop, and
/// not at all where the refusal cannot heal.
struct CallBackOff: Sendable {
  /// After a call that did not fail.
  static let pause: Duration = .milliseconds(100)
  /// After the first failure; each further one doubles it.
  static let first: Duration = .seconds(1)
  /// At most.
  static let longest: Duration = .seconds(30)

  private var failures = 0

  /// A call is over. When the next one is due, from now, or `nil` where none is.
  ///
  /// - Parameter random: 0 to 1; spreads callers who failed together over half of the time.
  mutating func next(after outcome: CallOutcome, random: Double) -> Duration? {
    guard case .failed(let failure) = outcome else {
      failures = 0
      return Self.pause
    }
    guard !failure.isPermanent else { return nil }
    let wait = min(Self.longest, Self.first * (1 << min(failures, 5)))
    failures += 1
    return wait * (0.5 + 0.5 * min(1, max(0, random)))
  }
}
