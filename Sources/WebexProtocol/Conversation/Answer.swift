import BotEngine

/// The bot's output of one turn: what is still to be sent, and how the turn ends.
struct Answer {
  enum Piece: Equatable {
    case audio(AudioRun, bargeIn: Bool)
    case text(String, bargeIn: Bool)

    var size: Int {
      switch self {
      case .audio(let run, _): run.count
      case .text(let text, _): text.utf8.count
      }
    }
  }

  enum Ending: Equatable {
    case callersTurn
    case transfer(summary: String?, metadata: [String: BotValue])
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
  /// More comes after a while: what waits is sent as it is, and not kept together with that.
  var isPaused = false
  /// What is sent of it is marked as not to be cancelled by a later answer.
  var isCancellationDisabled = false

  /// Nothing was said and nothing decided.
  var isEmpty: Bool { pieces.isEmpty && ending == nil && event == nil }

  /// Audio that waits to be sent, in bytes.
  var waitingAudio: Int { appendedAudio - takenAudio }

  /// Appends audio; false where the queue would exceed its limit: the audio is dropped.
  mutating func append(audio bytes: [UInt8], bargeIn: Bool, limit: Int) -> Bool {
    guard admit(bytes.count, limit: limit) else { return false }
    appendedAudio += bytes.count
    isPaused = false
    if case .audio(var run, bargeIn)? = pieces.last {
      // Taken out meanwhile, so that its storage grows in place.
      pieces.removeLast()
      run.append(bytes)
      pieces.append(.audio(run, bargeIn: bargeIn))
    } else {
      pieces.append(.audio(AudioRun(bytes), bargeIn: bargeIn))
    }
    return true
  }

  /// Appends text; false where the queue would exceed its limit: the text is dropped.
  mutating func append(text: String, bargeIn: Bool, limit: Int) -> Bool {
    guard admit(text.utf8.count, limit: limit) else { return false }
    hasText = true
    pieces.append(.text(text, bargeIn: bargeIn))
    return true
  }

  private mutating func admit(_ size: Int, limit: Int) -> Bool {
    guard size <= limit, queuedBytes <= limit - size else { return false }
    queuedBytes += size
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

  /// A piece of CHUNK mode on its way out.
  enum Chunk: Equatable {
    case audio([UInt8], bargeIn: Bool)
    case text(String, bargeIn: Bool)
  }

  /// Whether ``takeChunk(sizes:isUrgent:)`` has something to give.
  func hasChunk(sizes: ChunkSizes, isUrgent: Bool) -> Bool {
    guard let first = pieces.first else { return false }
    guard case .audio(let run, _) = first, pieces.count == 1, ending == nil, !isPaused else { return true }
    return run.count >= (hasSentAudio ? sizes.further : sizes.first) + sizes.minimum
      || (isUrgent && hasSentAudio && run.count >= sizes.urgent)
  }

  /// Takes the next chunk for CHUNK mode, or `nil` where the audio so far is better kept together with what follows.
  mutating func takeChunk(sizes: ChunkSizes, isUrgent: Bool) -> Chunk? {
    guard hasChunk(sizes: sizes, isUrgent: isUrgent), let first = pieces.first else { return nil }
    switch first {
    case .text(let text, let bargeIn):
      queuedBytes -= first.size
      pieces.removeFirst()
      return .text(text, bargeIn: bargeIn)
    case .audio(var run, let bargeIn):
      let size = hasSentAudio ? sizes.further : sizes.first
      let isLast = run.count < size + sizes.minimum
      // Put aside meanwhile, so that its storage is not copied.
      pieces[0] = .text("", bargeIn: bargeIn)
      let bytes = run.removeFirst(isLast ? run.count : size)
      if isLast { pieces.removeFirst() } else { pieces[0] = .audio(run, bargeIn: bargeIn) }
      queuedBytes -= bytes.count
      takenAudio += bytes.count
      hasSentAudio = true
      return .audio(Self.lengthened(bytes, to: sizes.minimum), bargeIn: bargeIn)
    }
  }

  /// Audio that is too short to be allowed, made long enough by silence.
  static func lengthened(_ bytes: [UInt8], to minimum: Int) -> [UInt8] {
    bytes.count < minimum ? bytes + [UInt8](repeating: 0xFF, count: minimum - bytes.count) : bytes
  }
}
