/// One call, as a bot sees it: events in, commands out.
public struct BotCall: Sendable {
  /// What is known of the call.
  public let info: CallInfo
  /// The caller's side, in order; ends after ``CallerEvent/ended(_:)``. One iteration at a time.
  public let events: CallerEvents
  /// The same events with what is known of the end of the caller's turn, for an engine that says
  /// ``BotEngine/BotEngine/eagerEnds``. Take these or ``events``.
  public var eagerEvents: EagerEvents { events.withTurns }
  /// Whether more output can be taken. Beyond it output is dropped, so a bot that is read from a network is to be read
  /// no further until there is room.
  public let room: OutputRoom

  private let sink: @Sendable (BotCommand, _ turn: Int) -> Void

  /// A call over a source of events and a sink of commands: the gateway's side, and a test's. The sink is given the
  /// number of the turn that the command belongs to (``CallerEvents/turn``) and may be called on any thread.
  public init(
    info: CallInfo, events: CallerEvents, room: OutputRoom = OutputRoom(),
    sink: @escaping @Sendable (BotCommand, _ turn: Int) -> Void
  ) {
    self.info = info
    self.events = events
    self.room = room
    self.sink = sink
  }

  /// The turn of the last event taken: what ``send(_:)`` marks commands with.
  public var turn: Int { events.turn }

  /// Carries out a command. Never waits; output beyond the call's bounds is dropped and counted.
  public func send(_ command: BotCommand) { sink(command, events.turn) }

  /// Carries out a command for a turn noted earlier. For bots that speak in one task while another takes events: an
  /// answer noted with ``turn`` when it was begun stays the answer to that turn, and is dropped if the caller has gone
  /// on since, although the other task has taken newer events.
  public func send(_ command: BotCommand, turn: Int) { sink(command, turn) }

  /// Plays audio.
  public func play(_ audio: BotAudio) { send(.audio(audio)) }

  /// Ends the turn, with text for the platform's text to speech where there is any.
  public func endTurn(saying text: String? = nil, settings: BotInputSettings? = nil) {
    if let text { send(.text(text, bargeIn: true)) }
    send(.endTurn(settings))
  }
}
