import AudioCodecs

/// Two sides of a call on one clock: a pure value that is given audio with its place and gives out what is complete.
///
/// Places are sample numbers from the recording's beginning. What is given out is never changed again; audio whose place
/// has passed is left out.
struct StereoMix {
  /// What is given out.
  enum Piece: Equatable {
    /// Interleaved samples, left first; of one channel, its samples.
    case audio([Int16])
    /// Nothing was heard for this many samples of a channel.
    case silence(Int)
  }

  private struct Clip {
    var start: Int
    var samples: ArraySlice<Int16>
    var end: Int { start + samples.count }
  }

  /// One or two; with one there is only the left.
  let channels: Int
  /// Up to where everything has been given out.
  private(set) var position = 0
  private var left: [Clip] = []
  private var right: [Clip] = []
  /// Where what is said is not to be kept; the last may be open.
  private var muted: [Range<Int>] = []
  private var mutedSince: Int?

  init(channels: Int = 2) { self.channels = channels == 1 ? 1 : 2 }

  /// Where the audio on hand ends, the later of both sides.
  var end: Int { max(left.last?.end ?? position, right.last?.end ?? position, position) }

  /// Samples that wait.
  var pending: Int { left.reduce(0) { $0 + $1.samples.count } + right.reduce(0) { $0 + $1.samples.count } }

  mutating func addLeft(_ samples: some RandomAccessCollection<Int16>, at place: Int) {
    Self.add(samples, at: place, to: &left, after: position)
  }

  mutating func addRight(_ samples: some RandomAccessCollection<Int16>, at place: Int) {
    Self.add(samples, at: place, to: &right, after: position)
  }

  private static func add(
    _ samples: some RandomAccessCollection<Int16>, at place: Int, to clips: inout [Clip], after position: Int
  ) {
    // What overlaps something earlier follows it: one side does not speak twice at once. What is late joins what is not.
    let start = max(place, clips.last?.end ?? position)
    if let last = clips.indices.last, clips[last].end == start {
      clips[last].samples.append(contentsOf: samples)
    } else {
      clips.append(Clip(start: start, samples: ArraySlice(samples)))
    }
  }

  /// The right side falls silent here: what was to be played later is not.
  mutating func cutRight(at place: Int) {
    while let last = right.last, last.end > place {
      right.removeLast()
      let kept = last.samples.prefix(max(0, place - last.start))
      if !kept.isEmpty { right.append(Clip(start: last.start, samples: kept)) }
      if kept.count > 0 || last.start <= place { break }
    }
  }

  /// From this place on silence is kept instead of what is said, until ``unmute(at:)``.
  mutating func mute(at place: Int) {
    guard mutedSince == nil else { return }
    mutedSince = max(place, position)
  }

  mutating func unmute(at place: Int) {
    guard let since = mutedSince else { return }
    mutedSince = nil
    if place > since { muted.append(since..<place) }
  }

  var isMuted: Bool { mutedSince != nil }

  /// Gives out everything before a place.
  mutating func removeFirst(upTo place: Int) -> [Piece] {
    var pieces: [Piece] = []
    while position < place {
      guard let next = [left.first?.start, right.first?.start].compactMap({ $0 }).min(), next < place else {
        pieces.append(.silence(place - position))
        position = place
        break
      }
      if next > position {
        pieces.append(.silence(next - position))
        position = next
      }
      // Up to where audio follows without a gap on either side, or a part of it where that is long.
      let end = min(place, position + Self.longestPiece, stretchEnd())
      pieces.append(.audio(interleaved(upTo: end)))
      position = end
    }
    muted.removeAll { $0.upperBound <= position }
    return pieces
  }

  private static let longestPiece = 16_000

  private func stretchEnd() -> Int {
    var end = position
    var changed = true
    while changed {
      changed = false
      for clips in [left, right] {
        for clip in clips where clip.start <= end && clip.end > end {
          end = clip.end
          changed = true
        }
      }
      if end - position >= Self.longestPiece { break }
    }
    return max(end, position + 1)
  }

  private mutating func interleaved(upTo end: Int) -> [Int16] {
    var samples = [Int16](repeating: 0, count: (end - position) * channels)
    move(&left, into: &samples, channel: 0, to: end)
    if channels == 2 { move(&right, into: &samples, channel: 1, to: end) }
    for range in muted + (mutedSince.map { [$0..<Int.max] } ?? []) {
      let silent = range.clamped(to: position..<end)
      for index in (silent.lowerBound - position) * channels..<(silent.upperBound - position) * channels {
        samples[index] = 0
      }
    }
    return samples
  }

  private func move(_ clips: inout [Clip], into samples: inout [Int16], channel: Int, to end: Int) {
    while let clip = clips.first, clip.start < end {
      let taken = clip.samples.prefix(end - clip.start)
      for (index, sample) in taken.enumerated() {
        samples[channels * (clip.start - position + index) + channel] = sample
      }
      clips.removeFirst()
      if taken.count < clip.samples.count {
        clips.insert(Clip(start: clip.start + taken.count, samples: clip.samples.dropFirst(taken.count)), at: 0)
        break
      }
    }
  }
}
