/// The bot's output of one turn: what is still to be sent, and how the turn ends.
struct Answer {
  enum Piece: Equatable {
    case audio([UInt8], bargeIn: Bool)
    case text(String, bargeIn: Bool)

    var size: Int {
      switch self {
      case .audio(let bytes, _): bytes.count
      case .text(let text, _): text.utf8.count
      }
    }
  }

  enum Ending: Equatable {
    case callersTurn
    case transfer(summary: String?, metadata: [String: StructValue])
    case end
    /// The bot failed: the caller is transferred.
    case failed

    var isTerminal: Bool { self != .callersTurn }
  }

  private(set) var pieces: [Piece] = []
  private(set) var queuedBytes = 0
  /// Audio appended, and of it taken, in bytes.
  private(set) var appendedAudio = 0
  private var takenAudio = 0
  /// Whether text was appended.
  private(set) var hasText = false
  /// Marks that wait for audio before them, with the bytes of audio that precede them.
  private var marks: [(name: String, position: Int)] = []
  var hasSentAudio = false
  var event: VoiceResponse.Event?
  var ending: Ending?

  /// Nothing was said and nothing decided.
  var isEmpty: Bool { pieces.isEmpty && ending == nil && event == nil }

  /// Appends a piece; false where the queue would exceed its limit: the piece is dropped.
  mutating func append(_ piece: Piece, limit: Int) -> Bool {
    let size = piece.size
    guard size <= limit, queuedBytes <= limit - size else { return false }
    queuedBytes += size
    if case .audio = piece { appendedAudio += size } else { hasText = true }
    if case .audio(let bytes, let bargeIn) = piece, case .audio(_, bargeIn)? = pieces.last {
      pieces.appendToLastAudio(bytes)
    } else {
      pieces.append(piece)
    }
    return true
  }

  /// Drops what is queued; returns the names of the marks that will not be reached.
  @discardableResult
  mutating func clear() -> [String] {
    pieces.removeAll()
    queuedBytes = 0
    appendedAudio = takenAudio
    let unreached = marks.filter { $0.position > takenAudio }.map(\.name)
    marks.removeAll { $0.position > takenAudio }
    return unreached
  }

  /// Takes everything that is queued.
  mutating func takeAll() -> [Piece] {
    defer {
      takenAudio = appendedAudio
      clear()
    }
    return pieces
  }

  /// Marks the place after all audio appended so far.
  mutating func mark(_ name: String) { marks.append((name, appendedAudio)) }

  /// How many marks wait.
  var markCount: Int { marks.count }

  /// Takes the marks whose audio has been taken, each with the bytes of taken audio that follow it.
  mutating func takeMarks() -> [(name: String, followedBy: Int)] {
    let reached = marks.prefix { $0.position <= takenAudio }
    marks.removeFirst(reached.count)
    return reached.map { ($0.name, takenAudio - $0.position) }
  }

  /// Takes all marks, reached or not.
  mutating func takeAllMarks() -> [String] {
    defer { marks = [] }
    return marks.map(\.name)
  }

  /// Whether ``takeChunk(sizes:isUrgent:)`` has something to give.
  func hasChunk(sizes: ChunkSizes, isUrgent: Bool) -> Bool {
    guard let first = pieces.first else { return false }
    guard case .audio(let bytes, _) = first, pieces.count == 1, ending == nil else { return true }
    return bytes.count >= (hasSentAudio ? sizes.further : sizes.first) + sizes.minimum
      || (isUrgent && hasSentAudio && bytes.count >= sizes.urgent)
  }

  /// Takes the next chunk for CHUNK mode, or `nil` where the audio so far is better kept together with what follows.
  mutating func takeChunk(sizes: ChunkSizes, isUrgent: Bool) -> Piece? {
    guard hasChunk(sizes: sizes, isUrgent: isUrgent), let first = pieces.first else { return nil }
    guard case .audio(let bytes, let bargeIn) = first else {
      queuedBytes -= first.size
      pieces.removeFirst()
      return first
    }
    let size = hasSentAudio ? sizes.further : sizes.first
    if bytes.count >= size + sizes.minimum {
      pieces[0] = .audio(Array(bytes[size...]), bargeIn: bargeIn)
      queuedBytes -= size
      takenAudio += size
      hasSentAudio = true
      return .audio(Array(bytes[..<size]), bargeIn: bargeIn)
    }
    pieces.removeFirst()
    queuedBytes -= bytes.count
    takenAudio += bytes.count
    hasSentAudio = true
    if bytes.count >= sizes.minimum { return first }
    // Too short to be allowed: silence makes it long enough.
    return .audio(bytes + [UInt8](repeating: 0xFF, count: sizes.minimum - bytes.count), bargeIn: bargeIn)
  }
}

extension [Answer.Piece] {
  /// Appends in place: the array's own storage grows, nothing is copied.
  fileprivate mutating func appendToLastAudio(_ more: [UInt8]) {
    guard case .audio(var bytes, let bargeIn) = removeLast() else { return }
    bytes.append(contentsOf: more)
    append(.audio(bytes, bargeIn: bargeIn))
  }
}
