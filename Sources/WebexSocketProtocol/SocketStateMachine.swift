public import WebexProtocol

/// The rules of a socket of `/v1/va`: one call, from its upgrade to its close.
///
/// A pure value: frames, answers and a clock in, actions out. A socket is one interaction without end, and a conversation
/// knows interactions that end; so what comes over the socket is brought to the conversation as lines, one after
/// another, as the other wire would bring them: audio is a line until it is answered, every event is one of its own.
/// Times are durations since any fixed moment, `wall` is nanoseconds since 1970.
public struct SocketStateMachine: Sendable {
  /// Bounds in time.
  public struct Limits: Sendable, Equatable {
    /// From the upgrade to SESSION_START.
    public var firstMessage: Duration
    /// Between two messages.
    public var betweenMessages: Duration
    /// From our farewell to the client's close.
    public var farewell: Duration

    /// Limits.
    public init(
      firstMessage: Duration = .seconds(10), betweenMessages: Duration = .seconds(600),
      farewell: Duration = .seconds(30)
    ) {
      self.firstMessage = firstMessage
      self.betweenMessages = betweenMessages
      self.farewell = farewell
    }
  }

  /// What has to be done, in order.
  public enum Action: Sendable, Equatable {
    /// A line begins, with its first message: a `VoiceVARequest` of the other wire. The first line begins the
    /// conversation.
    case open(line: Int, message: [UInt8], carriesAudio: Bool)
    /// A further message with audio.
    case deliver(line: Int, message: [UInt8])
    /// The caller's part of a line is over.
    case halfClose(line: Int)
    /// Sends a text frame.
    case send([UInt8])
    /// Closes the socket after what was sent.
    case close(UInt16)
    /// The caller is gone, and with him his conversation.
    case lost
    /// For the log: an ERROR message of the client.
    case report(code: String, detail: String)
  }

  /// How a socket was ended that we did not close.
  public enum Loss: Sendable, Equatable {
    /// With a close frame, as one that is done does.
    case closed
    /// Otherwise.
    case broken
  }

  private enum State: Equatable {
    /// SESSION_START has not come.
    case waiting
    case live
    /// Our farewell is on its way: the client closes, or it is closed at this time.
    case leaving(until: Duration)
    case closed
  }

  private let reader: SocketReader
  private let limits: Limits
  private var writer = SocketWriter()
  private var state = State.waiting
  private let began: Duration
  private var lastMessage: Duration
  private var lastSequence = 0
  private var agentID: String?
  private var lines = 0
  /// The line that audio goes to.
  private var audioLine: Int?
  /// Whether the audio of the answer at hand may be interrupted: its end says the same.
  private var mayInterrupt = false
  /// Whether the conversation has said what becomes of the caller.
  private var hasTakenLeave = false

  /// A socket whose client's token is this organization's.
  public init(organization: String, limits: Limits = Limits(), now: Duration) {
    reader = SocketReader(organization: organization)
    self.limits = limits
    began = now
    lastMessage = now
  }

  /// Whether nothing more is sent or accepted.
  public var isClosed: Bool { state == .closed }

  /// The next time at which ``tick(now:wall:)`` has something to do.
  public var nextDeadline: Duration? {
    switch state {
    case .waiting: began + limits.firstMessage
    case .live: lastMessage + limits.betweenMessages
    case .leaving(let until): until
    case .closed: nil
    }
  }

  // MARK: From the client

  /// A text frame.
  public mutating func received(_ bytes: [UInt8], now: Duration, wall: Int64) -> [Action] {
    guard state != .closed else { return [] }
    lastMessage = now
    do throws(SocketProtocolError) {
      let message = try reader.read(bytes)
      guard message.sequence > lastSequence else {
        throw .badRequest("seq \(message.sequence) does not rise: the last one was \(lastSequence)")
      }
      if writer.conversationID.isEmpty { writer.conversationID = message.conversationID }
      guard message.conversationID == writer.conversationID else {
        throw .badRequest("conversation_id changed within the socket")
      }
      lastSequence = message.sequence
      switch message.content {
      case .ping: return [.send(writer.pong(to: message.sequence, wall: wall))]
      case .pong: return []
      case .error(let code, let detail): return [.report(code: code, detail: detail)]
      case .request(let request): return try take(request)
      }
    } catch { return fail(error, wall: wall) }
  }

  /// A binary frame.
  public mutating func receivedBinary(wall: Int64) -> [Action] { fail(.binary, wall: wall) }

  /// The socket is gone, and not because we closed it.
  public mutating func ended(_ loss: Loss) -> [Action] {
    defer { state = .closed }
    guard state == .live else { return [] }
    guard loss == .closed else { return [.lost] }
    // Who closes in order has hung up, whether it said so or not.
    let message = VoiceRequest(
      conversationID: writer.conversationID, organizationID: reader.organization,
      input: .event(.init(.sessionEnd)))
    return [open(message.encoded())]
  }

  private mutating func take(_ request: SocketRequest) throws(SocketProtocolError) -> [Action] {
    if let named = request.agentID, !named.isEmpty {
      if agentID == nil { agentID = named }
      guard named == agentID else { throw .badRequest("payload.virtual_agent_id changed within the socket") }
    }
    switch state {
    case .closed: return []
    case .waiting:
      guard request.kind == .event(.sessionStart) else {
        throw .badRequest("the first message has to be the event SESSION_START")
      }
      state = .live
      return interaction(request.bytes)
    case .leaving:
      // What was in flight when we took our leave counts no more.
      return request.kind == .event(.sessionEnd) ? close(1000) : []
    case .live: break
    }
    switch request.kind {
    case .audio:
      if let audioLine { return [.deliver(line: audioLine, message: request.bytes)] }
      let action = open(request.bytes, carriesAudio: true)
      audioLine = lines
      return [action]
    case .event(.sessionStart): throw .badRequest("SESSION_START came before on this socket")
    case .event(.sessionEnd): return interaction(request.bytes) + close(1000)
    case .digits, .event: return interaction(request.bytes)
    }
  }

  /// A line of one message. What the caller says next is another.
  private mutating func interaction(_ message: [UInt8]) -> [Action] {
    var actions = [open(message)]
    actions.append(.halfClose(line: lines))
    if let audioLine { actions.append(.halfClose(line: audioLine)) }
    audioLine = nil
    return actions
  }

  private mutating func open(_ message: [UInt8], carriesAudio: Bool = false) -> Action {
    lines += 1
    return .open(line: lines, message: message, carriesAudio: carriesAudio)
  }

  // MARK: From the conversation

  /// An answer on a line.
  public mutating func respond(_ response: VoiceResponse, on line: Int, wall: Int64) -> [Action] {
    guard state == .live, !hasTakenLeave else { return [] }
    var response = response
    if response.kind == .final, response.prompts.count == 1, response.prompts[0].audio?.isEmpty == true {
      response.prompts[0].isBargeInEnabled = mayInterrupt
      mayInterrupt = false
    } else if let prompt = response.prompts.last {
      mayInterrupt = prompt.isBargeInEnabled
    }
    let event = response.events.first?.kind
    if event == .sessionEnd || event == .transferToAgent { hasTakenLeave = true }
    // What the caller says from here on may interrupt the answer, so it comes on another line.
    if line == audioLine, event != .startOfInput || !response.prompts.isEmpty { audioLine = nil }
    return [.send(writer.response(response, wall: wall))]
  }

  /// A line was completed.
  public mutating func finished(_ line: Int) { if line == audioLine { audioLine = nil } }

  /// The conversation is over.
  public mutating func conversationEnded(now: Duration) -> [Action] {
    guard state == .live else { return [] }
    guard hasTakenLeave else { return close(1000) }
    state = .leaving(until: now + limits.farewell)
    return []
  }

  /// The socket cannot go on: a message was refused, the conversation not accepted, the server is going down.
  public mutating func fail(_ fault: SocketProtocolError, wall: Int64) -> [Action] {
    guard state != .closed else { return [] }
    let hadConversation = state == .live && lines > 0
    var actions = fault.code.map { [Action.send(writer.error($0, fault, wall: wall))] } ?? []
    actions += close(fault.closeCode)
    if hadConversation { actions.append(.lost) }
    return actions
  }

  // MARK: Time

  /// Time has passed.
  public mutating func tick(now: Duration, wall: Int64) -> [Action] {
    guard let deadline = nextDeadline, deadline <= now else { return [] }
    switch state {
    case .waiting: return fail(.timeout("SESSION_START did not come within \(limits.firstMessage)"), wall: wall)
    case .live: return fail(.timeout("no message came for \(limits.betweenMessages)"), wall: wall)
    case .leaving: return close(1000)
    case .closed: return []
    }
  }

  private mutating func close(_ code: UInt16) -> [Action] {
    state = .closed
    audioLine = nil
    return [.close(code)]
  }
}
