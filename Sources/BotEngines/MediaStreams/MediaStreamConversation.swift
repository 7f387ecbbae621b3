import BotEngine
import JSONText
import WebSocketClient
import WebSockets

/// One call on the wire of Twilio's Media Streams, seen from Twilio's side: events, messages and the clock in, actions
/// out.
///
/// That wire knows neither turns nor answers that are owed: the bot speaks when it likes. So its turn ends when it has
/// been silent for a while (or says `endTurn`), what it cannot be told needs no answer of it, and what it says between
/// the caller's interruption and the moment it can know of it is dropped, with the `endTurn` of it.
struct MediaStreamConversation: SocketConversation {
  typealias Action = SocketAction

  private var writer: MediaStreamWriter
  private var audio: InboundAudio
  private var silence: TurnSilence
  private(set) var flood: FloodWatch
  private var subscribed: Set<MediaStreamExtra> = []
  private var hasStarted = false
  /// Whether the caller may interrupt what follows.
  private var mayBeInterrupted = true
  /// Set while the caller's turn may be over, and the bot was told so: ``mayBeInterrupted`` as it was before.
  private var guess: Bool?
  /// The caller interrupted, and the bot cannot have noticed.
  private var isDeaf = false
  /// When the bot last sent audio that was dropped, where nothing of its has been heard since.
  private var dropped: Duration?
  /// Audio of the bot's that came after an interruption.
  private(set) var droppedAudio = 0
  /// Messages that were passed over: of no event, of one that is not known, or not understood.
  private(set) var ignored = 0
  private var nonsense = NonsenseWatch()

  /// A call that begins now.
  init(identity: MediaStreamWriter.Identity, turnSilence: Duration, isHeardAtOnce: Bool, now: Duration) {
    writer = MediaStreamWriter(identity: identity)
    audio = InboundAudio(now: now)
    silence = TurnSilence(silence: turnSilence, isHeardAtOnce: isHeardAtOnce)
    flood = FloodWatch(isHeardAtOnce: isHeardAtOnce)
  }

  /// An `endTurn` has no name. Behind dropped audio by no more than this, and with nothing heard in between, it is of
  /// the same answer: the caller may have finished between the two.
  static let endOfDropped = Duration.milliseconds(500)

  /// As with a call of Twilio's.
  static let mayClose = true
  var figures: [String: Int] { ["dropped_audio": droppedAudio, "ignored": ignored] }

  /// The first two messages.
  mutating func begin(parameters: [(name: String, value: String)]) -> [Action] {
    [.send(writer.connected()), .send(writer.start(parameters: parameters))]
  }

  // MARK: The caller

  /// Something happened on the caller's side.
  mutating func receive(_ event: CallerEvent, now: Duration) -> [Action] {
    switch event {
    case .started:
      // The bot greets by itself once. A greeting that was lost on the way cannot be asked for again.
      defer { hasStarted = true }
      return hasStarted ? endTurn() : []
    case .audio(let stretch):
      audio.append(stretch, now: now)
      return frames()
    case .speechStarted(let offset): return speech("started", offset)
    case .speechEnded(let offset):
      isDeaf = false
      return speech("ended", offset)
    case .digits(let digits):
      isDeaf = false
      return digits.map { .send(writer.digit($0)) }
        + extra(.digits) { $0.member("digits", digits) }
    case .noInput: return asked(.noInput) { _ in }
    case .custom(let name, let parameters):
      return asked(.custom) {
        $0.member("name", name)
        $0.member("parameters") { $0.value(.object(parameters)) }
      }
    case .interrupted(let played, _):
      isDeaf = true
      silence.reset()
      flood.reset()
      return extra(.interrupted) { $0.member("playedMilliseconds", String(played)) }
    case .mark(let name, _): return [.send(writer.mark(name))]
    case .ended: return [.send(writer.stop()), .finish]
    }
  }

  var acceptsGuesses: Bool { subscribed.contains(.turnMayBeOver) }

  /// Something is known of the end of the caller's turn: only a bot that has asked for it is told, and prepares an answer.
  mutating func receive(_ event: TurnEvent, now: Duration) -> [Action] {
    switch event {
    case .mayBeOver(let offset):
      isDeaf = false
      guess = mayBeInterrupted
      return extra(.turnMayBeOver) { $0.member("offset", String(offset)) }
    case .resumed:
      // What is still on its way is of the answer that was dropped.
      isDeaf = true
      silence.reset()
      flood.reset()
      mayBeInterrupted = guess ?? mayBeInterrupted
      guess = nil
      return extra(.turnResumed) { _ in }
    case .over(let offset):
      isDeaf = false
      guard guess != nil else { return speech("ended", offset) }
      silence.heldBack(until: now)
      guess = nil
      return extra(.turnOver) { $0.member("offset", String(offset)) }
    }
  }

  /// What a bot of Twilio's cannot be told is passed over, unless this one has asked for it: the turn is the caller's.
  private mutating func asked(_ event: MediaStreamExtra, _ fill: (inout JSONWriter) -> Void) -> [Action] {
    isDeaf = false
    guard subscribed.contains(event) else { return endTurn() }
    return extra(event, fill)
  }

  private mutating func extra(_ event: MediaStreamExtra, _ fill: (inout JSONWriter) -> Void) -> [Action] {
    subscribed.contains(event) ? [.send(writer.extra(event, fill))] : []
  }

  private mutating func speech(_ state: String, _ offset: Int) -> [Action] {
    extra(.speech) {
      $0.member("state", state)
      $0.member("offset", String(offset))
    }
  }

  private mutating func frames() -> [Action] {
    var actions: [Action] = []
    audio.takeFrames { payload, offset in actions.append(.sendAudio(writer.media(payload, at: offset))) }
    return actions
  }

  // MARK: The bot

  static func read(_ message: WebSocketMessage) -> Result<MediaStreamMessage, MediaStreamMessage.FormatError> {
    Result { () throws(MediaStreamMessage.FormatError) in try MediaStreamMessage(message.bytes) }
  }

  mutating func receive(
    _ message: Result<MediaStreamMessage, MediaStreamMessage.FormatError>, bytes: Int, now: Duration
  ) -> [Action] {
    switch message {
    case .failure(let fault): passOver(bytes, "The bot sends nothing but \(fault.rawValue).", now: now)
    case .success(.unknown): passOver(bytes, "The bot sends nothing but messages that mean nothing here.", now: now)
    case .success(let message): receive(message, now: now)
    }
  }

  /// Twilio warns of such a message and goes on.
  private mutating func passOver(_ bytes: Int, _ why: String, now: Duration) -> [Action] {
    ignored += 1
    return nonsense.isTooMuch(bytes: bytes, now: now) ? [.fail(BotFailure(.garbage, why))] : []
  }

  /// The bot said something.
  mutating func receive(_ message: MediaStreamMessage, now: Duration) -> [Action] {
    switch message {
    case .media(let payload): return play(payload, now: now)
    case .mark(let name):
      // What came before it was dropped, or will be heard.
      return isDeaf ? [.send(writer.mark(name))] : [.command(.mark(name))]
    case .clear:
      isDeaf = false
      dropped = nil
      silence.reset()
      flood.reset()
      return [.command(.clear)]
    case .subscribe(let events):
      subscribed = Set(events)
      if subscribed.contains(.turnMayBeOver) { subscribed.formUnion([.turnResumed, .turnOver]) }
      return []
    case .endInput:
      // It has heard the caller out, whatever it was saying before.
      isDeaf = false
      dropped = nil
      return [.command(.endInput)]
    case .endTurn(let settings): return endsDropped(now: now) ? [] : endTurn(settings)
    case .settings(let settings, let isSensitive, let bargeIn):
      if let bargeIn { mayBeInterrupted = bargeIn }
      return (settings.map { [.command(.inputSettings($0))] } ?? [])
        + (isSensitive.map { [.command(.sensitive($0))] } ?? [])
    case .transfer(let summary, let metadata):
      silence.reset()
      return [.command(.transfer(summary: summary, metadata: metadata))]
    case .end:
      silence.reset()
      return [.command(.end)]
    case .custom(let name, let metadata): return [.command(.customEvent(name: name, metadata: metadata))]
    case .transcript(let speaker, let text): return [.command(.transcript(speaker: speaker, text: text))]
    case .unknown: return []
    }
  }

  private mutating func play(_ payload: [UInt8], now: Duration) -> [Action] {
    let duration = Duration.microseconds(125 * payload.count)
    if isDeaf {
      droppedAudio += 1
      dropped = now
    }
    if isDeaf ? flood.wasted(duration) : flood.spoke(duration, now: now) {
      return [.fail(BotFailure(.flooded, "The bot sends audio much faster than it can be heard."))]
    }
    if isDeaf || payload.isEmpty { return [] }
    dropped = nil
    silence.spoke(duration, now: now)
    return [.command(.audio(BotAudio(.mulaw(payload), bargeIn: mayBeInterrupted)))]
  }

  /// Whether an `endTurn` that comes now ends an answer that the caller has interrupted, not one that they wait for.
  private mutating func endsDropped(now: Duration) -> Bool {
    defer { dropped = nil }
    return isDeaf || dropped.map { now - $0 < Self.endOfDropped } == true
  }

  private mutating func endTurn(_ settings: BotInputSettings? = nil) -> [Action] {
    silence.reset()
    flood.reset()
    return [.command(.endTurn(settings))]
  }

  // MARK: Time

  /// Time has passed: silence goes to the bot, and its own ends its turn.
  ///
  /// - Parameter isHeldUp: whether the bot is made to wait: what it has not said yet is not its silence.
  mutating func tick(now: Duration, isHeldUp: Bool = false) -> [Action] {
    audio.fill(now: now)
    var actions = frames()
    if isHeldUp { silence.heldUp(now: now) }
    // What is held has not been heard: its silence has not begun.
    if guess == nil, silence.isOver(now: now) { actions += endTurn() }
    return actions
  }

  /// When ``tick(now:)`` has something to do, unless something comes before.
  var nextTick: Duration? {
    guess == nil ? min(audio.nextFill, silence.deadline ?? audio.nextFill) : audio.nextFill
  }
}
