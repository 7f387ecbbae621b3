import BotEngine
import Metrics
import WebSocketClient

/// One call of a Realtime bot: joins the caller's events and the server's to the conversation.
actor RealtimeCall {
  private let call: BotCall
  private let socket: WebSocket
  private let unread = Counter(label: "patchbay_bot_audio_unread_total")
  private var conversation: RealtimeConversation
  private var isOver = false
  /// The bot has said what becomes of the call.
  private var hasTakenLeave = false
  private let began = ContinuousClock.now
  /// When the conversation's clock has to be looked at.
  private let deadlines = AsyncStream.makeStream(of: Duration.self, bufferingPolicy: .bufferingNewest(1))
  private var knownDeadline: Duration?

  init(call: BotCall, socket: WebSocket, session: RealtimeSession) {
    self.call = call
    self.socket = socket
    conversation = RealtimeConversation(
      session, data: RealtimeCallData(call.info), isHeardAtOnce: call.info.isHeardAtOnce)
  }

  private var now: Duration { ContinuousClock.now - began }

  /// Holds the call until it is over, or until the server closes the socket.
  nonisolated func hold() async throws {
    try await begin()
    try await untilFirst(
      { try await self.hearCaller() }, { try await self.hearServer() }, { try await self.keepTime() })
  }

  /// What was left out, for the log.
  var figures: [String: Int] { ["faults": conversation.faults, "unsent": socket.droppedMessages] }

  private func begin() throws { try perform(conversation.begin()) }

  private func hearCaller() async throws {
    for await event in call.events {
      try perform(conversation.receive(event, now: now))
      if isOver { return }
    }
  }

  private func hearServer() async throws {
    while true {
      let message: WebSocketMessage?
      do throws(WebSocketError) { message = try await socket.receive() } catch { return try await serverClosed(error) }
      guard let message else { return }
      try perform(conversation.receive(message, now: now))
      if !call.room.isOpen { try await call.waitForRoom(socket, isInhuman: conversation.flood.isInhuman) }
    }
  }

  private func keepTime() async throws {
    for await deadline in deadlines.stream {
      try await Task.sleep(for: max(deadline - now, .zero))
      try perform(conversation.tick(now: now))
    }
    try Task.checkCancellation()
  }

  /// The socket has ended, which a session of this kind never does by itself in good order.
  private func serverClosed(_ error: WebSocketError) async throws {
    if error.code == .cancelled { throw CancellationError() }
    guard hasTakenLeave else { throw BotFailure(ending: error) }
    // The caller hears the bot out; the end of the call comes as an event.
    while !isOver { try await Task.sleep(for: .milliseconds(100)) }
  }

  /// Carries actions out in their order.
  private func perform(_ actions: [RealtimeConversation.Action]) throws {
    if let deadline = conversation.cancelDeadline, deadline != knownDeadline { deadlines.continuation.yield(deadline) }
    knownDeadline = conversation.cancelDeadline
    for action in actions {
      switch action {
      case .send(let event):
        // Without one of these the two sides would no longer agree on where the conversation is.
        guard socket.send(event) || hasTakenLeave || isOver else {
          throw BotFailure(.closed, "The server does not read what it is sent, or has closed the connection.")
        }
      case .sendAudio(let event): if !socket.send(event) { unread.increment() }
      case .command(let command):
        if command.isFarewell { hasTakenLeave = true }
        call.send(command)
      case .fail(let failure): throw failure
      case .finish: isOver = true
      }
    }
  }
}
