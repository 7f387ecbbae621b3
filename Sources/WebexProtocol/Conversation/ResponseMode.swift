/// How answers are sent; chosen at the start of a call and kept.
public enum ResponseMode: String, Sendable, CaseIterable {
  /// One final response, each prompt a complete WAV file.
  case wav
  /// Raw mu-law in chunks as the bot speaks, then a final response.
  case chunk
}

/// Sizes of the chunks of mu-law audio in CHUNK mode, in bytes (8,000 a second).
///
/// Cisco's documents allow 100 to 65,536 bytes.
public struct ChunkSizes: Sendable, Equatable {
  /// The first chunk of a turn: small, so that the caller hears it early.
  public var first: Int
  /// Every further chunk.
  public var further: Int
  /// Less than this at the end is merged into the chunk before.
  public var minimum: Int
  /// What is sent rather than let the caller hear a gap, where a bot speaks no faster than real time.
  var urgent: Int { max(minimum, 640) }

  /// What is sent at once where no more than a bound may be on its way.
  func paced(_ pacer: Pacer) -> ChunkSizes {
    ChunkSizes(first: min(first, 2 * pacer.portion), further: min(further, pacer.portion), minimum: minimum)
  }

  /// Sizes, held within what the platform allows.
  public init(first: Int = 1600, further: Int = 8000, minimum: Int = 100) {
    self.first = min(max(first, 100), 65_536 - 400)
    self.further = min(max(further, 100), 65_536 - 400)
    self.minimum = min(max(minimum, 100), 400)
  }
}
