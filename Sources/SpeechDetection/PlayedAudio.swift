import AudioCodecs

/// What plays to a caller and when: mu-law at 8,000 Hz, each piece after what was sent before it. Times are in samples.
///
/// Holds ``longest`` samples of what is still to be heard, and no copy of them: what is sent beyond is not known here.
struct PlayedAudio {
  /// A minute.
  static let longest = 480_000
  /// What was played is held for so long, in samples, since a line may be heard late: ten seconds.
  static let longestLateness = 80_000

  private struct Piece {
    let audio: ArraySlice<UInt8>
    let begin: Int
    var end: Int { begin + audio.count }
  }

  private var pieces: [Piece] = []
  private var held = 0
  /// When the last of it has been heard.
  private(set) var end = Int.min / 2

  /// More is sent: it is heard after what was sent before, or now.
  mutating func play(_ audio: ArraySlice<UInt8>, at now: Int) {
    guard !audio.isEmpty else { return }
    drop(before: now - Self.longestLateness)
    let begin = max(end, now)
    end = begin + audio.count
    guard held + audio.count <= Self.longest else { return }
    held += audio.count
    pieces.append(Piece(audio: audio, begin: begin))
  }

  /// Nothing more of it is heard.
  mutating func stop(at now: Int) {
    guard end > now else { return }
    end = now
    held = 0
    pieces = pieces.compactMap { piece in
      guard piece.begin < now else { return nil }
      held += min(piece.audio.count, now - piece.begin)
      return Piece(audio: piece.audio.prefix(now - piece.begin), begin: piece.begin)
    }
  }

  /// The samples that were heard from `time` on; silence where there were none. What was before is forgotten.
  mutating func read(from time: Int, into samples: UnsafeMutableBufferPointer<Int16>) {
    drop(before: time)
    samples.update(repeating: 0)
    for piece in pieces {
      let from = max(piece.begin, time)
      let to = min(piece.end, time + samples.count)
      guard from < to else { break }
      for place in from..<to {
        samples[place - time] = G711.linear(mulaw: piece.audio[piece.audio.startIndex + place - piece.begin])
      }
    }
  }

  /// What was before is forgotten.
  mutating func drop(before time: Int) {
    let over = pieces.prefix { $0.end <= time }
    guard !over.isEmpty else { return }
    held -= over.reduce(0) { $0 + $1.audio.count }
    pieces.removeFirst(over.count)
  }
}
