import Basics

/// What the caller hears now, reckoned from what was sent and when: the platform plays prompts in real time and tells
/// nothing back.
struct PlayoutClock: Equatable {
  /// When the first audio of the turn began to play.
  private var start: Duration?
  /// When the last audio sent will have been played.
  private(set) var end: Duration = .zero
  /// Audio of the turn sent so far.
  private var sent: Duration = .zero
  /// Fillers among it that are not played yet: when each begins and ends. They are sent so little ahead that these are few.
  private var fillers: [Range<Duration>] = []
  /// Until when a prompt plays that the caller may not interrupt.
  private var uninterruptibleUntil: Duration = .zero

  /// Mu-law at 8 kHz: a byte is 125 microseconds.
  static func duration(ofBytes count: Int) -> Duration { .microseconds(125 * count) }

  /// Bytes of that much audio.
  static func bytes(in time: Duration) -> Int { time.wholeMicroseconds / 125 }

  /// Audio is sent: it is played after what was sent before. A filler is heard, and is nothing of the turn's.
  mutating func enqueue(bytes: Int, bargeIn: Bool, isFiller: Bool = false, now: Duration) {
    if start == nil { start = now }
    let duration = Self.duration(ofBytes: bytes)
    let begin = max(end, now)
    end = begin + duration
    if isFiller {
      fillers.removeAll { $0.upperBound <= now }
      fillers.append(begin..<end)
    } else {
      sent += duration
    }
    if !bargeIn { uninterruptibleUntil = end }
  }

  func isPlaying(_ now: Duration) -> Bool { start != nil && now < end }

  func isUninterruptible(_ now: Duration) -> Bool { start != nil && now < uninterruptibleUntil }

  /// How much sent audio has not been played yet.
  func ahead(_ now: Duration) -> Duration { max(end - now, .zero) }

  /// When no more than this much will be left to play.
  func time(whenAheadIs limit: Duration) -> Duration { end - limit }

  /// Milliseconds of the turn's audio that the caller has heard.
  func playedMilliseconds(_ now: Duration) -> Int {
    guard start != nil else { return 0 }
    let fillersAhead = fillers.reduce(.zero) { $0 + max($1.upperBound - max($1.lowerBound, now), .zero) }
    let heard = max(sent - (ahead(now) - fillersAhead), .zero)
    return Int(heard / .milliseconds(1))
  }

  /// Silence: the prompts were dropped, or a new turn begins.
  mutating func stop() { self = PlayoutClock() }

  /// A new turn's audio follows what is still playing.
  mutating func beginTurn(_ now: Duration) {
    start = nil
    sent = .zero
    if end <= now { stop() }
  }
}
