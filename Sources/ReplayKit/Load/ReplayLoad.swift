/// How many calls are made, how fast, and for how long.
public struct ReplayLoad: Sendable, Equatable {
  /// Concurrent calls.
  public var calls: Int
  /// From the first call to the last one, evenly.
  public var ramp: Duration
  /// How long a call goes on.
  public var length: Length
  /// Calls that share a connection.
  public var callsPerChannel: Int

  /// How long a call goes on.
  public enum Length: Sendable, Equatable {
    /// Until all its steps were done so many times.
    case rounds(Int)
    /// Over and over until this long after the last call was begun; a call that ends before is made anew.
    case time(Duration)
  }

  /// A load.
  public init(calls: Int, ramp: Duration = .zero, length: Length = .rounds(1), callsPerChannel: Int = 50) {
    self.calls = max(1, calls)
    self.ramp = max(.zero, ramp)
    self.length = length
    self.callsPerChannel = max(1, callsPerChannel)
  }

  /// When a call is begun, from the start.
  func start(of call: Int) -> Duration { ramp * call / calls }

  /// When calls are to end, if time decides.
  var end: Duration? {
    if case .time(let time) = length { ramp + time } else { nil }
  }
}
