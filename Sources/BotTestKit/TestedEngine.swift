import BotEngine
import Locking

/// The engine under test, with a record of what it is given and what it does in each call.
struct TestedEngine: BotEngine {
  let engine: any BotEngine
  private let calls = Locked<[String: BotDoings]>([:])

  init(_ engine: any BotEngine) { self.engine = engine }

  var audioDelivery: CallerAudioDelivery { engine.audioDelivery }

  /// What the bot did in a conversation so far.
  func doings(in conversation: String) -> BotDoings { calls.withLock { $0[conversation] } ?? BotDoings() }

  private func note(_ deed: BotDoings.Deed, turn: Int, in conversation: String) {
    calls.withLock { $0[conversation, default: BotDoings()].append(deed, turn: turn) }
  }

  func converse(_ call: BotCall) async throws {
    let name = call.info.conversation
    let events = CallerEvents()
    let recorded = BotCall(info: call.info, events: events) { command, turn in
      note(.command(command), turn: turn, in: name)
      call.send(command, turn: turn)
    }
    var end = BotDoings.End.returned
    defer { note(.end(end), turn: events.turn, in: name) }
    // Events go through this relay, so that it is known what the bot had been told when it did something.
    let relay = Task {
      for await event in call.events {
        if case .audio = event {} else { note(.event(event), turn: call.turn, in: name) }
        events.deliver(event, turn: call.turn)
      }
    }
    defer { relay.cancel() }
    do { try await engine.converse(recorded) } catch {
      end = .init(of: error)
      throw error
    }
    if Task.isCancelled { end = .cancelled }
  }
}

/// What a bot was told and what it did in one call, in the order in which it happened.
struct BotDoings: Sendable {
  /// Something that happened on the bot's side.
  enum Deed: Sendable {
    /// The bot was told of an event other than audio.
    case event(CallerEvent)
    /// The bot sent a command.
    case command(BotCommand)
    /// The bot's part ended.
    case end(End)
  }

  /// How a bot's part ended.
  enum End: Sendable, Equatable {
    case returned
    case cancelled
    case failed(String)
    /// There was no bot to talk to.
    case unreachable(String)

    init(of error: any Error) {
      self =
        switch error {
        case is CancellationError: .cancelled
        case let failure as BotFailure where failure.kind == .unreachable: .unreachable(failure.message)
        default: .failed("\(error)")
        }
    }
  }

  /// What is kept of a call.
  private static let maximumDeeds = 100_000

  private(set) var deeds: [(deed: Deed, turn: Int, at: ContinuousClock.Instant)] = []

  mutating func append(_ deed: Deed, turn: Int) {
    if deeds.count < Self.maximumDeeds { deeds.append((deed, turn, .now)) }
  }

  /// All commands.
  var commands: [BotCommand] {
    deeds.compactMap { if case .command(let command) = $0.deed { command } else { nil } }
  }

  /// How and when the bot's part ended, and whether it had been told of the call's end; `nil` while it goes on.
  var end: (how: End, at: ContinuousClock.Instant, wasTold: Bool)? {
    guard let index = deeds.lastIndex(where: { if case .end = $0.deed { true } else { false } }),
      case .end(let how) = deeds[index].deed
    else { return nil }
    let wasTold = deeds[..<index].contains { if case .event(.ended) = $0.deed { true } else { false } }
    return (how, deeds[index].at, wasTold)
  }

  /// What the bot did after the last event that expects an answer and is of this kind, until the next one of another.
  func answer(to matches: (CallerEvent) -> Bool) -> ArraySlice<(deed: Deed, turn: Int, at: ContinuousClock.Instant)> {
    let asked = deeds.lastIndex { if case .event(let event) = $0.deed { matches(event) } else { false } }
    guard let asked else { return [] }
    let rest = deeds[(asked + 1)...]
    let next = rest.firstIndex { if case .event(let event) = $0.deed { event.expectsAnswer } else { false } }
    return rest[..<(next ?? rest.endIndex)]
  }
}
