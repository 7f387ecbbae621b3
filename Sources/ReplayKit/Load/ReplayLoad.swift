/// How many calls are made, how fast, and for how long.
public struct ReplayLoad: Sendable, Equatable {
  /// What the stages' levels are.
  public enum Drive: Sendable, Equatable {
    /// Calls at once; a call that ends is made anew by the same caller (a closed loop).
    case calls
    /// Calls that are begun a second, whether those before are over or not (an open loop), while fewer than
    /// `cap` are up. One that finds so many up begins when another ends, and is late.
    case arrivals(Arrivals, cap: Int)
  }

  /// What the levels are.
  public var drive: Drive
  /// The load over the time.
  public var stages: [LoadStage]
  /// How often a call does all its steps; `nil` is over and over until the stages are over, in an open loop once.
  public var rounds: Int?
  /// How many calls each caller makes, one after the other, where calls are held at once and no time ends them.
  public var callsEach = 1
  /// What began before this time of the run is left out of all figures.
  public var warmUp: Duration
  /// Calls that share a connection, where ``channels`` says nothing.
  public var callsPerChannel: Int
  /// The connections, over which all calls are spread; `nil` is as many as ``callsPerChannel`` needs.
  public var channels: Int?

  /// A load.
  public init(
    _ drive: Drive, stages: [LoadStage], rounds: Int?, warmUp: Duration = .zero, callsPerChannel: Int = 50
  ) {
    self.drive = drive
    self.stages = stages
    self.rounds = drive == .calls ? rounds.map { max(1, $0) } : max(1, rounds ?? 1)
    self.warmUp = max(.zero, warmUp)
    self.callsPerChannel = max(1, callsPerChannel)
  }

  /// So many calls at once, begun evenly over a time. Each does its steps so many times; or it goes on over and over
  /// until `duration` after the last one was begun, and a call that ends before is made anew.
  public init(calls: Int, ramp: Duration = .zero, rounds: Int = 1, duration: Duration? = nil) {
    self.init(
      .calls, stages: [LoadStage(level: Double(max(1, calls)), ramp: ramp, duration: duration ?? .zero)],
      rounds: duration == nil ? rounds : nil)
  }

  /// The load over the time.
  var curve: LoadCurve { LoadCurve(stages) }

  /// The most calls that are up at once.
  public var mostCalls: Int {
    switch drive {
    case .calls: max(1, Int(curve.highest.rounded(.up)))
    case .arrivals(_, let cap): max(1, cap)
    }
  }

  /// When no more calls are made and those that are up hang up, if time decides; in an open loop they are played to
  /// their end.
  public var end: Duration? {
    if drive == .calls, rounds != nil { return nil }
    return stages.reduce(.zero) { $0 + $1.ramp + $1.duration }
  }
}
