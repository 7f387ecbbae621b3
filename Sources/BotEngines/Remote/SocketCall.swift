import BotEngine
import Metrics
import WebSocketClient
import WebSockets

/// What a conversation over a WebSocket wants done, in order.
enum SocketAction: Sendable {
  /// Send a message that must not be lost: without it the two sides no longer agree on where the conversation is.
  case send([UInt8])
  /// Send a message that may be dropped where the bot does not read: audio.
  case sendAudio([UInt8])
  case command(BotCommand)
  case fail(BotFailure)
  /// The call is over: nothing follows.
  case finish
}

/// One call on the wire of a bot with a WebSocket: the caller's events, the bot's messages and the clock in, actions out.
protocol SocketConversation: SendableMetatype {
  /// What a message says, or what is wrong with it.
  associatedtype Incoming: Sendable

  /// Whether a bot that closes the socket in good order has done its part; elsewhere that is a failure.
  static var mayClose: Bool { get }
  /// Messages that were passed over.
  var ignored: Int { get }
  var flood: FloodWatch { get }
  /// When ``tick(now:isHeldUp:)`` has something to do, unless something comes before.
  var nextTick: Duration? { get }
  /// What was left out, for the log.
  var figures: [String: Int] { get }

  static func read(_ message: WebSocketMessage) -> Incoming
  /// Whether the bot can be told that the caller's turn may be over, where the agent says so.
  var acceptsGuesses: Bool { get }
  /// Something happened on the caller's side.
  mutating func receive(_ event: CallerEvent, now: Duration) -> [SocketAction]
  /// Something is known of the end of the caller's turn.
  mutating func receive(_ event: TurnEvent, now: Duration) -> [SocketAction]
  /// A message of so many bytes was read.
  mutating func receive(_ message: Incoming, bytes: Int, now: Duration) -> [SocketAction]
  /// Time has passed.
  ///
  /// - Parameter isHeldUp: whether the bot is made to wait: what it has not said yet is not its silence.
  mutating func tick(now: Duration, isHeldUp: Bool) -> [SocketAction]
}

extension SocketConversation {
  /// A message of the bot's came.
  mutating func receive(_ message: WebSocketMessage, now: Duration) -> [SocketAction] {
    receive(Self.read(message), bytes: message.bytes.count, now: now)
  }
}

/// One call of a bot with a WebSocket: joins the caller's events, the bot's messages and the clock to the conversation.
actor SocketCall<Conversation: SocketConversation> {
  private let call: BotCall
  private let socket: any BotSocket
  private let clock: any EngineClock
  private let unread = Counter(label: "patchbay_bot_audio_unread_total")
  private let ignored = Counter(label: "patchbay_bot_messages_ignored_total")
  private var conversation: Conversation
  private var isOver = false
  /// The bot has said what becomes of the call.
  private var hasTakenLeave = false
  /// The same before the caller's turn might be over: a leave that is taken then may come to nothing.
  private var hadTakenLeave = false
  private var acceptsGuesses = true
  private let began: Duration
  /// Wakes the clock where there is a time to wait for again.
  private let waits = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
  private var isWaiting = false

  init(
    _ call: BotCall, over socket: any BotSocket, _ conversation: sending Conversation,
    by clock: any EngineClock = MachineClock()
  ) {
    self.call = call
    self.socket = socket
    self.clock = clock
    began = clock.now
    self.conversation = conversation
  }

  private var now: Duration { clock.now - began }

  /// Holds the call until it is over, or until the bot closes the socket.
  nonisolated func hold(opening: [SocketAction]) async throws {
    try await perform(opening)
    try await untilFirst(
      { try await self.hearCaller() }, { try await self.hearBot() }, { try await self.keepTime() })
  }

  /// The bot's side asks for the end of the call by other means than the socket. From any thread.
  nonisolated func hangUp() {
    call.send(.end)
    Task { await noteLeave() }
  }

  private func noteLeave() { hasTakenLeave = true }

  /// What was left out, for the log.
  var figures: [String: Int] { conversation.figures.merging(["unsent": socket.droppedMessages]) { $1 } }

  private func hearCaller() async throws {
    for await event in call.eagerEvents {
      switch event {
      case .caller(let event): try perform(conversation.receive(event, now: now))
      case .turn(let event): try hear(event)
      }
      if isOver { return }
    }
  }

  private func hear(_ event: TurnEvent) throws {
    switch event {
    case .mayBeOver: hadTakenLeave = hasTakenLeave
    case .resumed: hasTakenLeave = hadTakenLeave
    case .over: break
    }
    try perform(conversation.receive(event, now: now))
  }

  private func hearBot() async throws {
    while true {
      let message: WebSocketMessage?
      do throws(WebSocketError) { message = try await socket.receive(isolation: self) } catch {
        return try await botClosed(error)
      }
      guard let message else { return }
      let ignoredBefore = conversation.ignored
      let read = await apartWhereLong(message.bytes.count) { Conversation.read(message) }
      try perform(conversation.receive(read, bytes: message.bytes.count, now: now))
      if conversation.ignored > ignoredBefore { ignored.increment() }
      if !call.room.isOpen {
        try await call.waitForRoom(socket, isInhuman: conversation.flood.isInhuman, by: clock)
      }
    }
  }

  /// The socket has ended.
  private func botClosed(_ error: WebSocketError) async throws {
    if error.code == .cancelled { throw CancellationError() }
    // A bot that closes its socket and then asks to hang up means the hang-up.
    if Conversation.mayClose, !hasTakenLeave, error.code == .closed { try await clock.sleep(for: .seconds(1)) }
    if hasTakenLeave {
      // The caller hears the bot out; the end of the call comes as an event.
      while !isOver { try await clock.sleep(for: .milliseconds(100)) }
      return
    }
    if Conversation.mayClose, error.isInOrder { return }
    throw BotFailure(ending: error)
  }

  private func keepTime() async throws {
    for await _ in waits.stream {
      while !isOver, let next = conversation.nextTick {
        try await clock.sleep(for: max(next - now, .milliseconds(20)))
        try perform(conversation.tick(now: now, isHeldUp: !call.room.isOpen))
      }
      isWaiting = false
    }
    try Task.checkCancellation()
  }

  /// Carries actions out in their order.
  private func perform(_ actions: [SocketAction]) throws {
    if acceptsGuesses != conversation.acceptsGuesses {
      acceptsGuesses = conversation.acceptsGuesses
      call.events.acceptsGuesses = acceptsGuesses
    }
    if !isWaiting, conversation.nextTick != nil {
      isWaiting = true
      waits.continuation.yield()
    }
    for action in actions {
      switch action {
      case .send(let message):
        // A bot that is gone is found where it is read from.
        guard socket.send(message, as: .text) || !socket.isOpen || hasTakenLeave || isOver else {
          throw BotFailure(.closed, "The bot reads nothing of what it is sent.")
        }
      case .sendAudio(let message): if !socket.send(message, as: .text) { unread.increment() }
      case .command(let command):
        if command.isFarewell { hasTakenLeave = true }
        call.send(command)
      case .fail(let failure): throw failure
      case .finish: isOver = true
      }
    }
  }
}
