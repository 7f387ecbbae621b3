/// Guesses at the end of the caller's turn, on the wire of the Realtime events: what each leaves in the server's
/// conversation, to be deleted where the caller goes on, and the turn's audio, which is then appended anew.
///
/// A guess commits the caller's audio and asks for a response. Where the caller goes on, the commit's item and those of the
/// response have to go, or the model would remember half a sentence and an answer that nobody heard. Ids that are not known
/// by then are deleted as they come.
struct RealtimeGuesses {
  /// Bytes of the turn that are kept: 30 s of G.711, 5 s of linear samples at 24 kHz. A longer turn is not guessed at.
  static let maximumAudio = 240_000
  /// Bytes of audio in one event where a turn is appended anew.
  private static let maximumPiece = 48_000
  /// Commits, responses and items that are kept in mind.
  private static let maximumKnown = 64

  /// Whether the server answers a turn that may be over.
  private(set) var isOpen = false
  /// The turn so far, in samples.
  private(set) var samples = 0
  /// The caller's turn so far, as it was appended.
  private var audio: [UInt8] = []
  /// Whether ``audio`` is all of the turn.
  private var isWhole = false
  /// Calls of functions by the open guess's response: nothing is done for them before the turn is over.
  private var calls: [RealtimeResponse.FunctionCall] = []

  private let isKept: Bool
  /// Items of the open guess: the caller's, and the response's.
  private var inputs: [String] = []
  private var outputs: [String] = []
  /// Commits whose items the server has not named yet, in their order.
  private var commits: [Commit] = []
  /// Responses of guesses that were wrong.
  private var vainResponses: [String] = []
  /// The response that is being cancelled is a wrong guess's, and the server has not said its id.
  private var isVainUnnamed = false
  /// Items to be deleted when their response is done.
  private var doomed: [String] = []
  /// Items that were deleted.
  private var deleted: [String] = []

  private enum Commit { case turn, guess, vain }

  /// - Parameter isKept: whether there are guesses at all; without, no audio is kept.
  init(isKept: Bool) { self.isKept = isKept }

  // MARK: The turn

  /// The caller begins to speak.
  mutating func begin() {
    forgetAudio()
    isWhole = isKept
  }

  /// Audio of the turn was appended.
  mutating func append(_ bytes: [UInt8], samples count: Int) {
    guard isWhole else { return }
    guard audio.count + bytes.count <= Self.maximumAudio else { return forgetAudio() }
    audio += bytes
    samples += count
  }

  /// Whether there is a turn that could be taken back.
  var mayOpen: Bool { isWhole && !isOpen && samples > 0 }

  /// The turn so far, in pieces for events of their own.
  var pieces: [[UInt8]] {
    stride(from: 0, to: audio.count, by: Self.maximumPiece).map {
      Array(audio[$0..<min($0 + Self.maximumPiece, audio.count)])
    }
  }

  private mutating func forgetAudio() {
    audio = []
    samples = 0
    isWhole = false
  }

  // MARK: The guess

  /// The turn may be over: what comes of the server's response is the guess's.
  mutating func open() {
    isOpen = true
    inputs = []
    outputs = []
    calls = []
  }

  /// Keeps the calls of the open guess's response.
  mutating func hold(_ calls: [RealtimeResponse.FunctionCall]) { self.calls = calls }

  /// The turn is over, guessed or not. Gives the calls that were held.
  mutating func close() -> [RealtimeResponse.FunctionCall] {
    forgetAudio()
    isOpen = false
    for index in commits.indices where commits[index] == .guess { commits[index] = .turn }
    defer { calls = [] }
    return calls
  }

  /// The caller goes on.
  ///
  /// - Parameters:
  ///   - response: the guess's response, where its id is known and it is not done.
  ///   - isUnnamed: whether it was asked for, and its id is not known.
  /// - Returns: the items to delete now. Those of a response that is not done are deleted when it is.
  mutating func drop(response: String?, isUnnamed: Bool) -> [String] {
    isOpen = false
    calls = []
    for index in commits.indices where commits[index] == .guess { commits[index] = .vain }
    isVainUnnamed = isUnnamed
    if let response { note(vain: response) }
    defer {
      inputs = []
      outputs = []
    }
    guard response != nil || isUnnamed else { return new(inputs + outputs) }
    doomed += outputs
    return new(inputs)
  }

  // MARK: What the server says

  /// The caller's audio was committed; the server is to name the item.
  mutating func committed() {
    commits.append(isOpen ? .guess : .turn)
    if commits.count > Self.maximumKnown { commits.removeFirst() }
  }

  /// The server names the item of the oldest commit that it has not named. Gives it where it is to be deleted.
  mutating func named(item: String) -> [String] {
    guard !commits.isEmpty else { return [] }
    switch commits.removeFirst() {
    case .turn: return []
    case .guess:
      inputs.append(item)
      return []
    case .vain: return new([item])
    }
  }

  /// The server took the oldest commit for nothing.
  mutating func commitRefused() { if !commits.isEmpty { commits.removeFirst() } }

  /// A response that is being cancelled has this id.
  mutating func named(cancelled response: String) {
    if isVainUnnamed { note(vain: response) }
    isVainUnnamed = false
  }

  /// Another response is asked for: one that had no id by now is not waited for.
  mutating func asked() { isVainUnnamed = false }

  /// Items of a response, of the open guess's or of any other.
  ///
  /// - Parameters:
  ///   - isWanted: whether it is the response that is on its way.
  ///   - isDone: whether no more comes of it.
  /// - Returns: the items to delete now.
  mutating func added(_ items: [String], to response: String, isWanted: Bool, isDone: Bool) -> [String] {
    if isOpen, isWanted {
      outputs += items.filter { !outputs.contains($0) }
      if outputs.count > Self.maximumKnown { outputs.removeFirst(outputs.count - Self.maximumKnown) }
    } else if isVain(response) {
      doomed += items
      if doomed.count > Self.maximumKnown { doomed.removeFirst(doomed.count - Self.maximumKnown) }
      return isDone ? takeDoomed() : []
    }
    return []
  }

  /// The cancelled response is done, or is not waited for any more. Gives the items to delete.
  mutating func takeDoomed() -> [String] {
    defer { doomed = [] }
    return new(doomed)
  }

  /// Whether an item was deleted: what is still told of it never happened.
  func isDeleted(_ item: String) -> Bool { deleted.contains(item) }

  /// Whether a response was a wrong guess's.
  func isVain(_ response: String) -> Bool { vainResponses.contains(response) }

  private mutating func note(vain response: String) {
    guard !response.isEmpty else { return }
    vainResponses.append(response)
    if vainResponses.count > Self.maximumKnown { vainResponses.removeFirst() }
  }

  /// Those that were not deleted before; they are now.
  private mutating func new(_ items: [String]) -> [String] {
    var found: [String] = []
    for item in items where !item.isEmpty && !deleted.contains(item) {
      found.append(item)
      deleted.append(item)
    }
    if deleted.count > Self.maximumKnown { deleted.removeFirst(deleted.count - Self.maximumKnown) }
    return found
  }
}
