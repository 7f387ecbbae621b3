import AudioCodecs

/// What a person at a telephone does, as far as it has not happened yet.
struct LiveInput: Sendable {
  /// What came from the microphone.
  var frames = FrameQueue()
  /// The clip that is said as soon as somebody listens.
  var clip: Int?
}

/// Frames of 20 ms on their way from a microphone to the wire: they come in bursts, and leave one by one.
///
/// Where it runs empty it waits until a few frames are there again. Where it gets too long, as after a stall, the oldest
/// frames go: a caller is heard late for a moment, and never for the rest of the call.
struct FrameQueue: Sendable, Equatable {
  /// Frames that are there before the first one leaves.
  static let reserve = 3
  /// Frames that wait at most: 400 ms.
  static let maximum = 20

  private var frames: [[UInt8]] = []
  private var isFilling = true
  /// Frames that were dropped because too many waited.
  private(set) var dropped = 0

  /// Frames that wait.
  var count: Int { frames.count }

  mutating func append(_ frame: [UInt8]) {
    frames.append(frame)
    if frames.count > Self.maximum {
      dropped += frames.count - Self.reserve
      frames.removeFirst(frames.count - Self.reserve)
    }
  }

  /// The next frame; `nil` while there are too few.
  mutating func next() -> [UInt8]? {
    if isFilling, frames.count >= Self.reserve { isFilling = false }
    guard !isFilling, !frames.isEmpty else {
      isFilling = true
      return nil
    }
    return frames.removeFirst()
  }

  /// Nobody listens: what was said is said to nobody.
  mutating func removeAll() {
    frames = []
    isFilling = true
  }
}

/// Where a voice at a microphone is loud, frame by frame of 20 ms: nothing else tells when a person began and ceased to
/// speak. A frame is loud that is louder than -55 dBFS and than the loudest one less 25 dB.
struct VoiceSpan: Sendable, Equatable {
  static let floor = -55.0
  static let range = 25.0
  /// A pause of so many frames ends a stretch of speech.
  static let pause = 15
  /// Frames that are kept: five minutes.
  static let maximum = 15_000

  private var levels: [Double] = []
  private var loudest = floor

  mutating func append(_ level: Double) {
    guard levels.count < Self.maximum else { return }
    levels.append(level)
    loudest = max(loudest, level)
  }

  private var threshold: Double { max(Self.floor, loudest - Self.range) }

  /// When the latest stretch of speech began, from the first frame on; `nil` where nothing was loud.
  var start: Duration? {
    let threshold = threshold
    guard var first = levels.lastIndex(where: { $0 > threshold }) else { return nil }
    var quiet = 0
    for index in levels[..<first].indices.reversed() {
      if levels[index] > threshold {
        first = index
        quiet = 0
      } else {
        quiet += 1
        if quiet == Self.pause { break }
      }
    }
    return SpokenClip.frameLength * first
  }

  /// When the latest sound ended, from the first frame on; `nil` where nothing was loud.
  var end: Duration? {
    let threshold = threshold
    return levels.lastIndex { $0 > threshold }.map { SpokenClip.frameLength * ($0 + 1) }
  }
}
