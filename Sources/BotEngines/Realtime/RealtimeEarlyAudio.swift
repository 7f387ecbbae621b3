import BotEngine

/// What the caller says before the server's session stands: only then it is known in which format it is to be sent.
///
/// A call that is resumed may begin with the caller's words. Bounded as the events of a bot that is slow; what is beyond
/// is left out from the beginning.
struct RealtimeEarlyAudio {
  private static let maximumMicroseconds = CallerEvents.maximumAudio * 1_000

  private var stretches: [CallerAudio] = []
  private var microseconds = 0
  /// Whether the caller's turn has ended since.
  private(set) var isOver = false

  mutating func append(_ stretch: CallerAudio) {
    stretches.append(stretch)
    microseconds += Self.length(stretch)
    while microseconds > Self.maximumMicroseconds, !stretches.isEmpty {
      microseconds -= Self.length(stretches.removeFirst())
    }
  }

  /// The caller begins to speak: what came before led to nothing, unless it was a turn, which then goes on.
  mutating func begin() {
    if !isOver { self = Self() }
    isOver = false
  }

  mutating func end() { isOver = true }

  /// Gives what there is, once.
  mutating func take() -> (stretches: [CallerAudio], isOver: Bool) {
    defer { self = Self() }
    return (stretches, isOver)
  }

  private static func length(_ stretch: CallerAudio) -> Int {
    stretch.samples.count * 1_000_000 / max(1, stretch.sampleRate)
  }
}
