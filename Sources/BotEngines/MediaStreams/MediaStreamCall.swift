import BotEngine
import Metrics
import WebSocketClient

/// One call of a Media Streams bot: joins the caller's events, the bot's messages and the clock to the conversation.
actor MediaStreamCall {
  /// A bot that closes its socket and then asks to hang up means the hang-up.
  private static let hangUpGrace = Duration.seconds(1)

  private let call: BotCall
  private let socket: WebSocket
  private let unread = Counter(label: "patchbay_bot_audio_unread_total")
  private let ignored = Counter(label: "patchbay_bot_messages_ignored_total")
  private var conversation: MediaStreamConversation
  private var isOver = false
  /// The bot has said what becomes of the call.
  private var hasTakenLeave = false
  private let began = ContinuousClock.now

  init(call: BotCall, socket: WebSocket, identity: MediaStreamWriter.Identity, turnSilence: Duration) {
    self.call = call
    self.socket = socket
    conversation = MediaStreamConversation(
      identity: identity, turnSilence: turnSilence, isHeardAtOnce: call.info.isHeardAtOnce, now: .zero)
  }

  private var now: Duration { ContinuousClock.now - began }

  /// Holds the call until it is over, or until the bot closes the socket.
  nonisolated func hold(parameters: [(name: String, value: String)]) async throws {
    try await begin(parameters)
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
  var figures: [String: Int] {
    ["dropped_audio": conversation.droppedAudio, "ignored": conversation.ignored, "unsent": socket.droppedMessages]
  }

  private func begin(_ parameters: [(name: String, value: String)]) throws {
    try perform(conversation.begin(parameters: parameters))
  }

  private func hearCaller() async throws {
    for await event in call.events {
      try perform(conversation.receive(event, now: now))
      if isOver { return }
    }
  }

  private func hearBot() async throws {
    while true {
      let message: WebSocketMessage?
      do throws(WebSocketError) { message = try await socket.receive() } catch { return try await botClosed(error) }
      guard let message else { return }
      let ignoredBefore = conversation.ignored
      let read = await apartWhereLong(message.bytes.count) { MediaStreamConversation.read(message) }
      try perform(conversation.receive(read, bytes: message.bytes.count, now: now))
      if conversation.ignored > ignoredBefore { ignored.increment() }
      if !call.room.isOpen { try await call.waitForRoom(socket, isInhuman: conversation.flood.isInhuman) }
    }
  }

  /// The socket has ended. With an end in good order the bot's part is over, as with a call of Twilio's; all else is a
  /// failure.
  private func botClosed(_ error: WebSocketError) async throws {
    if error.code == .cancelled { throw CancellationError() }
    if !hasTakenLeave, error.code == .closed { try await Task.sleep(for: Self.hangUpGrace) }
    if hasTakenLeave {
      // The caller hears the bot out; the end of the call comes as an event.
      while !isOver { try await Task.sleep(for: .milliseconds(100)) }
      return
    }
    if error.isInOrder { return }
    throw BotFailure(ending: error)
  }

  private func keepTime() async throws {
    while !isOver {
      try await Task.sleep(for: max(conversation.nextTick - now, .milliseconds(20)))
      try perform(conversation.tick(now: now, isHeldUp: !call.room.isOpen))
    }
  }

  /// Carries actions out in their order.
  private func perform(_ actions: [MediaStreamConversation.Action]) throws {
    for action in actions {
      switch action {
      case .send(let message):
        // A bot that is gone is found where it is read from.
        guard socket.send(message) || !socket.isOpen else {
          throw BotFailure(.closed, "The bot reads nothing of what it is sent.")
        }
      case .sendAudio(let message): if !socket.send(message) { unread.increment() }
      case .command(let command):
        if command.isFarewell { hasTakenLeave = true }
        call.send(command)
      case .fail(let failure): throw failure
      case .finish: isOver = true
      }
    }
  }
}
