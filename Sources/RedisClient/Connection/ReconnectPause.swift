/// How long to wait before the next attempt to connect: twice as long each time, up to a bound, and never as long as
/// others that lost the same server.
struct ReconnectPause: Sendable {
  /// The first pause at most.
  static let shortest = Duration.milliseconds(50)
  /// Any pause at most.
  static let longest = Duration.seconds(1)

  private var failures = 0

  /// The connection was good.
  mutating func reset() { failures = 0 }

  /// An attempt has failed, or a connection was lost: a time between half of the pause and the pause.
  mutating func next(using random: inout some RandomNumberGenerator) -> Duration {
    let pause = min(Self.shortest * (1 << min(failures, 10)), Self.longest)
    failures += 1
    return pause * Double.random(in: 0.5...1, using: &random)
  }
}
