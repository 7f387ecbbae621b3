import BotEngine
import Locking

/// A caller who does what a test says: gives the engine events and collects its answers, turn by turn.
final class ScriptedCaller: Sendable {
  /// What an engine did in one turn.
  struct Answer {
    var commands: [BotCommand] = []

    /// All audio of the turn, as mu-law.
    var audio: [UInt8] {
      commands.flatMap { command -> [UInt8] in
        if case .audio(let audio) = command, case .mulaw(let bytes) = audio.content { return bytes }
        return []
      }
    }

    /// Whether each piece of audio and text may be interrupted.
    var bargeIn: [Bool] {
      commands.compactMap { command in
        switch command {
        case .audio(let audio): audio.bargeIn
        case .text(_, let bargeIn, _): bargeIn
        default: nil
        }
      }
    }

    var texts: [String] {
      commands.compactMap { if case .text(let text, _, _) = $0 { text } else { nil } }
    }

    var transcript: [String] {
      commands.compactMap { if case .transcript(let who, let text) = $0 { "\(who.rawValue): \(text)" } else { nil } }
    }

    var sensitive: [Bool] {
      commands.compactMap { if case .sensitive(let isSensitive) = $0 { isSensitive } else { nil } }
    }

    var kept: String? {
      commands.compactMap { if case .keep(let text) = $0 { text } else { nil } }.last
    }

    var endsTurn: Bool { commands.contains { if case .endTurn = $0 { true } else { false } } }

    var settings: BotInputSettings? {
      commands.compactMap { if case .endTurn(let settings?) = $0 { settings } else { nil } }.first
    }

    var ends: Bool { commands.contains { if case .end = $0 { true } else { false } } }

    var transfer: (summary: String?, metadata: [String: BotValue])? {
      commands.compactMap { command in
        if case .transfer(let summary, let metadata) = command { (summary: summary, metadata: metadata) } else { nil }
      }.first
    }

    var customEvents: [String] {
      commands.compactMap { if case .customEvent(let name, _) = $0 { name } else { nil } }
    }
  }

  private let events = CallerEvents()
  private let sent = Locked<[(command: BotCommand, turn: Int)]>([])
  private let turn = Locked(0)
  private let info: CallInfo
  private let bot = Locked<Task<Void, any Error>?>(nil)

  init(_ engine: any BotEngine, info: CallInfo = .init(organization: "o", conversation: "c", agent: "a")) {
    self.info = info
    let call = BotCall(info: info, events: events) { [weak self] command, turn in
      self?.sent.withLock { $0.append((command, turn)) }
    }
    bot.withLock { $0 = Task { try await engine.converse(call) } }
  }

  /// Gives the events as one turn and returns the answer, once the engine has taken all of them and waits for more.
  func does(_ happened: CallerEvent...) async -> Answer { await does(happened) }

  func does(_ happened: [CallerEvent]) async -> Answer {
    let number = hurries(happened)
    // The engine answers before it takes the next event: once it has taken the marker, the answer is whole.
    events.deliver(.speechStarted(offset: 0), turn: -number)
    while events.turn != -number { await Task.yield() }
    return answer(number)
  }

  /// Gives events as one turn without waiting for the engine. Returns the turn's number, for ``answer(_:)``.
  func hurries(_ happened: [CallerEvent]) -> Int {
    let number = turn.withLock { turn in
      turn += 1
      return turn
    }
    for event in happened { events.deliver(event, turn: number) }
    return number
  }

  /// Everything sent in a turn.
  func answer(_ number: Int) -> Answer {
    Answer(commands: sent.withLock { $0.filter { $0.turn == number }.map(\.command) })
  }

  /// Ends the call; returns once the engine has returned.
  func hangsUp() async throws {
    events.deliver(.ended(.hangup), turn: turn.withLock { $0 } + 1)
    try await bot.withLock { $0 }?.value
  }
}
