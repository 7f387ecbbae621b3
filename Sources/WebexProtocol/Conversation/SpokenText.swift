/// The words of a turn's audio, where they are known: how many characters of them were heard.
struct SpokenText: Equatable {
  private struct Piece: Equatable {
    var characters: Int
    /// Where its audio lies in the turn's, in bytes.
    var audio: Range<Int>
  }

  /// Pieces that are kept apart; further ones are taken for one.
  private static let maximumPieces = 512

  private var pieces: [Piece] = []
  /// The turn's audio in answers that were sent whole before the one at hand, in bytes.
  private var base = 0

  /// Audio is appended to the answer at hand at a place in it, in bytes.
  mutating func append(characters: Int, at begin: Int, count: Int) {
    let range = base + begin..<base + begin + count
    if pieces.count == Self.maximumPieces, let last = pieces.popLast() {
      pieces.append(
        Piece(characters: last.characters + characters, audio: last.audio.lowerBound..<range.upperBound))
    } else {
      pieces.append(Piece(characters: characters, audio: range))
    }
  }

  /// Of the answer at hand only so many bytes are sent: what was to follow was taken back.
  mutating func cut(to sent: Int) {
    let end = base + sent
    while let last = pieces.last, last.audio.upperBound > end {
      pieces.removeLast()
      guard last.audio.lowerBound < end else { continue }
      let audio = last.audio.lowerBound..<end
      pieces.append(Piece(characters: last.characters * audio.count / last.audio.count, audio: audio))
    }
  }

  /// The answer at hand has been sent whole; another may follow in the same turn.
  mutating func concluded(_ bytes: Int) { base += bytes }

  /// A turn begins, with the answer at hand, of which nothing was sent yet.
  mutating func beginTurn() {
    pieces = pieces.filter { $0.audio.lowerBound >= base }.map {
      Piece(characters: $0.characters, audio: $0.audio.lowerBound - base..<$0.audio.upperBound - base)
    }
    base = 0
  }

  /// How many characters were said in the first bytes of the turn's audio, as if each piece were spoken evenly; `nil`
  /// where no words are known.
  func characters(in heard: Int) -> Int? {
    guard !pieces.isEmpty else { return nil }
    return pieces.reduce(0) { sum, piece in
      let heard = min(max(heard - piece.audio.lowerBound, 0), piece.audio.count)
      return sum + (piece.audio.isEmpty ? 0 : piece.characters * heard / piece.audio.count)
    }
  }
}
