/// Holds audio back so that no more of it is on its way to the caller than a bound: not to send it is to pause it then.
struct Pacer: Sendable, Equatable {
  /// The most that may be sent ahead of what the caller hears.
  let bound: Duration

  /// Audio that is sent at once when there is room for it, in bytes: a quarter of the bound, since less would cost
  /// messages and more would let what is on its way run low between two of them.
  var portion: Int { PlayoutClock.bytes(in: bound) / 4 }

  /// How much may be sent now, in bytes; 0 where it is less than a portion.
  func room(_ playout: PlayoutClock, now: Duration) -> Int {
    let room = PlayoutClock.bytes(in: bound - playout.ahead(now))
    return room < portion ? 0 : room
  }

  /// When there will be room for a portion.
  func time(_ playout: PlayoutClock) -> Duration {
    playout.time(whenAheadIs: bound - PlayoutClock.duration(ofBytes: portion))
  }
}
