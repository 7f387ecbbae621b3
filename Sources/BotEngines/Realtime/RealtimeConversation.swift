import AudioCodecs
import BotEngine

/// One call on the wire of the Realtime events: what the caller does and what the server says in, actions out.
///
/// The gateway finds the caller's turns; then the audio is committed and a response asked for. Where the session has
/// the server find them, the server answers by itself, and nothing is committed. Turns that may be over are in
/// `RealtimeConversation+Eager`.
struct RealtimeConversation: SocketConversation {
  typealias Action = SocketAction

  enum Answer: Equatable {
    case none
    /// Asked for; the server has not said its id.
    case requested
    case active(String)
    /// Not wanted any more; until the server says that it is done, or has had the time to, no other is asked for.
    case cancelled
  }

  /// Audio of one item of the turn.
  struct Item {
    var id: String
    var contentIndex: Int
    var microseconds: Int
  }

  /// How long a server is given to say that a cancelled response is done: some never do.
  static let cancelPatience = Duration.milliseconds(500)

  /// Responses that may call functions, one after the other, until the caller does something.
  static let maximumRounds = 16

  /// Responses given up whose end may still be told.
  private static let maximumAbandoned = 16

  let session: RealtimeSession
  let data: RealtimeCallData?
  var input: RealtimeAudioFormat
  var output: RealtimeAudioFormat
  var isReady = false
  var answer = Answer.none
  /// When a response that is given up no longer keeps another from being asked for.
  private(set) var cancelDeadline: Duration?
  /// Ids of responses that were given up.
  private var abandoned: [String] = []
  /// Responses in a row that called functions.
  var rounds = 0
  /// A response is to be asked for as soon as it can be, with these instructions.
  var wanted: (instructions: String?, isSet: Bool) = (nil, false)
  /// The responses of the turn said something, each in its items.
  var items: [Item] = []
  /// The call of `collect_digits` that waits for the caller.
  var collecting: String?
  /// The caller was asked for keys only: to be taken back with the next end of a turn.
  var mustRestoreInput = false
  private var isSensitive = false
  /// Samples that were appended and not committed.
  var uncommitted = 0
  /// What a turn that may be over leaves behind.
  var guesses: RealtimeGuesses
  private var early = RealtimeEarlyAudio()
  private var converter = RateConverter()
  /// Events that were not understood, and errors that do not matter.
  var ignored = 0
  var flood: FloodWatch

  init(_ session: RealtimeSession, data: RealtimeCallData? = nil, isHeardAtOnce: Bool) {
    self.session = session
    self.data = data
    guesses = RealtimeGuesses(isKept: session.isEager)
    flood = FloodWatch(isHeardAtOnce: isHeardAtOnce)
    input = session.format
    output = session.format
  }

  /// A session of this kind never ends by itself in good order.
  static let mayClose = false
  var figures: [String: Int] { ["faults": ignored] }
  var nextTick: Duration? { cancelDeadline }
  var acceptsGuesses: Bool { true }

  /// The socket is open.
  func begin() -> [Action] { [.send(RealtimeClientEvent.sessionUpdate(session.value(for: data)))] }

  /// The session stands: what is known of the call goes first.
  mutating func becomeReady() -> [Action] {
    guard !isReady else { return ask() }
    isReady = true
    var actions: [Action] = []
    if session.callData == .item, let data { actions.append(.send(RealtimeClientEvent.systemText(data.text))) }
    let said = early.take()
    for stretch in said.stretches { actions += append(stretch) }
    if said.isOver, !session.detectsTurns { actions += commit() }
    return actions + ask()
  }

  // MARK: The caller

  /// Something happened on the caller's side.
  mutating func receive(_ event: CallerEvent, now: Duration = .zero) -> [Action] {
    let actions = act(on: event)
    settleCancelDeadline(now)
    return actions
  }

  private mutating func act(on event: CallerEvent) -> [Action] {
    switch event {
    case .started: return beginTurn(instructions: session.greeting)
    case .audio(let stretch): return append(stretch)
    case .speechStarted:
      guesses.begin()
      if !session.detectsTurns { early.begin() }
      // What is left of speech that led to nothing.
      guard !session.detectsTurns, uncommitted > 0 else { return [] }
      uncommitted = 0
      return [.send(RealtimeClientEvent.clear())]
    case .speechEnded: return speechEnded()
    case .digits(let digits): return inputCame(.object(["digits": .string(digits)]), "[The caller pressed \(digits)]")
    case .noInput:
      return inputCame(
        .object(["digits": .string(""), "status": .string("nothing pressed")]), "[The caller is silent]")
    case .custom(let name, let parameters):
      let event = BotValue.object(["event": .string(name), "parameters": .object(parameters)])
      return [.send(RealtimeClientEvent.userText("[Event] \(event.json)"))] + beginTurn()
    case .interrupted(let played, _): return interrupted(played)
    case .mark: return []
    case .ended: return [.finish]
    }
  }

  private mutating func append(_ stretch: CallerAudio) -> [Action] {
    guard isReady else {
      early.append(stretch)
      return []
    }
    let samples = converter.convert(stretch.samples, from: stretch.sampleRate, to: input.sampleRate)
    guard !samples.isEmpty else { return [] }
    uncommitted += samples.count
    let bytes = input.encode(samples)
    guesses.append(bytes, samples: samples.count)
    return [.sendAudio(RealtimeClientEvent.append(bytes))]
  }

  mutating func speechEnded() -> [Action] {
    _ = guesses.close()
    guard !session.detectsTurns else { return [] }
    if !isReady { early.end() }
    var actions = commit()
    if let call = takeCollecting() {
      actions.append(
        .send(RealtimeClientEvent.functionOutput(call: call, .object(["status": .string("the caller spoke")]))))
    }
    return actions + beginTurn()
  }

  /// The server refuses to commit less than 100 ms.
  var hasEnough: Bool { uncommitted >= input.sampleRate / 10 }

  /// Commits what was appended.
  mutating func commit() -> [Action] {
    defer { uncommitted = 0 }
    guard hasEnough else { return [] }
    guesses.committed()
    return [.send(RealtimeClientEvent.commit())]
  }

  /// Keys, or none: the output of the function that asked for them, or a word of the user's.
  private mutating func inputCame(_ output: BotValue, _ text: String) -> [Action] {
    var actions: [Action] = []
    if let call = takeCollecting() {
      actions.append(.send(RealtimeClientEvent.functionOutput(call: call, output)))
    } else {
      actions.append(.send(RealtimeClientEvent.userText(text)))
    }
    if isSensitive {
      isSensitive = false
      actions.append(.command(.sensitive(false)))
    }
    return actions + beginTurn()
  }

  private mutating func takeCollecting() -> String? {
    defer { collecting = nil }
    return collecting
  }

  /// The bot is to speak.
  mutating func beginTurn(instructions: String? = nil) -> [Action] {
    items = []
    flood.reset()
    rounds = 0
    wanted = (instructions, true)
    return cancelled() + ask()
  }

  /// Asks for the response that is wanted, if one is and can be had now.
  mutating func ask() -> [Action] {
    guard wanted.isSet, isReady, answer == .none else { return [] }
    answer = .requested
    guesses.asked()
    defer { wanted = (nil, false) }
    return [.send(RealtimeClientEvent.createResponse(instructions: wanted.instructions))]
  }

  /// The cancelled response is done, or is not waited for any more: what it left goes, and the next one is asked for.
  mutating func freed() -> [Action] {
    answer = .none
    return deletions(guesses.takeDoomed()) + ask()
  }

  /// Gives up the response that is on its way, if one is.
  mutating func cancelled() -> [Action] {
    switch answer {
    case .none, .cancelled: return []
    case .requested:
      answer = .cancelled
      return [.send(RealtimeClientEvent.cancel(response: nil))]
    case .active(let id):
      answer = .cancelled
      abandon(id)
      return [.send(RealtimeClientEvent.cancel(response: id))]
    }
  }

  // MARK: Responses given up

  /// What is still told of this response is not of the next one.
  mutating func abandon(_ id: String) {
    guard !id.isEmpty, !abandoned.contains(id) else { return }
    abandoned.append(id)
    if abandoned.count > Self.maximumAbandoned { abandoned.removeFirst() }
  }

  func isAbandoned(_ id: String) -> Bool { !id.isEmpty && abandoned.contains(id) }

  /// Sets the time that a server has for the end of a cancelled response, or takes it back.
  mutating func settleCancelDeadline(_ now: Duration) {
    if answer != .cancelled {
      cancelDeadline = nil
    } else if cancelDeadline == nil {
      cancelDeadline = now + Self.cancelPatience
    }
  }

  /// Time has passed: a server that says nothing of a cancelled response has given it up.
  mutating func tick(now: Duration, isHeldUp: Bool = false) -> [Action] {
    guard let cancelDeadline, cancelDeadline <= now else { return [] }
    let actions = answer == .cancelled ? freed() : ask()
    settleCancelDeadline(now)
    return actions
  }

  /// The caller heard this much of the turn: the server is to forget the rest of what it said.
  private mutating func interrupted(_ played: Int) -> [Action] {
    wanted = (nil, false)
    var actions = cancelled()
    var left = max(0, played) * 1000
    for item in items {
      if left < item.microseconds {
        actions.append(
          .send(RealtimeClientEvent.truncate(item: item.id, contentIndex: item.contentIndex, milliseconds: left / 1000))
        )
      }
      left = max(0, left - item.microseconds)
    }
    items = []
    flood.reset()
    return actions
  }

  mutating func setSensitive() -> Action {
    isSensitive = true
    return .command(.sensitive(true))
  }
}
