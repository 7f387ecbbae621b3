import Locking

/// The events of one call, as a sequence with a bounded buffer.
///
/// What the bot does not fetch in time is dropped, oldest first, and counted: audio beyond ten seconds, other events
/// beyond ``maximumEvents``. The call's end is never dropped. ``turn`` is the turn of the event taken last, so that what
/// the bot says can be told from what it would have said had it known of an interruption.
public final class CallerEvents: AsyncSequence, Sendable {
  /// An event of the call.
  public typealias Element = CallerEvent

  /// Events other than audio that are kept for a slow bot.
  public static let maximumEvents = 256

  /// Audio that is kept for a slow bot, in milliseconds.
  public static let maximumAudio = 10_000

  /// Stretches of audio that are kept for a slow bot, however short they are.
  static let maximumStretches = 1024

  private let state = Awaited(State())
  private let guesses = Locked(true)

  /// An empty sequence, to be filled by ``deliver(_:turn:)``.
  public init() {}

  /// The turn of the last event the bot has taken.
  public var turn: Int { state.withLock { $0.turn } }

  /// Stretches of audio dropped because the bot was slow.
  public var droppedAudio: Int { state.withLock { $0.droppedAudio } }

  /// How much audio that was, in milliseconds.
  public var droppedMilliseconds: Int { state.withLock { $0.droppedMicroseconds } / 1_000 }

  /// Other events dropped because the bot was slow.
  public var droppedEvents: Int { state.withLock { $0.droppedEvents } }

  /// Whether the bot can be told that a turn may be over; yes, until its engine says otherwise, which knows it of some bots
  /// only once they have said so. The gateway then waits for the turn's end, and holds nothing.
  public var acceptsGuesses: Bool {
    get { guesses.withLock { $0 } }
    set { guesses.withLock { $0 = newValue } }
  }

  /// Appends an event of a turn. After ``CallerEvent/ended(_:)`` nothing is taken any more. Never waits for the bot.
  public func deliver(_ event: CallerEvent, turn: Int) {
    state.change { state in
      if !state.isFinished { state.append(event, turn: turn) }
    }
  }

  /// Appends what is known of the end of the caller's turn. A bot that takes no ``EagerEvents`` is told of an end alone.
  public func deliver(_ event: TurnEvent, turn: Int) {
    state.change { state in
      if !state.isFinished { state.append(.turn(event), turn: turn) }
    }
  }

  /// The same events with what is known of the ends of the caller's turns.
  public var withTurns: EagerEvents { EagerEvents(events: self) }

  func next(isolation actor: isolated (any Actor)?) async -> EagerEvent? {
    await state.first(isolation: actor) { $0.removeFirst() } ?? nil
  }

  /// An iterator. Iterators share the events, each of which goes to one of them: use one.
  public func makeAsyncIterator() -> Iterator { Iterator(events: self) }

  /// Takes events one by one.
  public struct Iterator: AsyncIteratorProtocol {
    let events: CallerEvents

    /// The next event, or `nil` after the last or once the task is cancelled.
    public mutating func next(isolation actor: isolated (any Actor)?) async -> CallerEvent? {
      while let event = await events.next(isolation: actor) {
        switch event {
        case .caller(let event): return event
        case .turn(.over(let offset)): return .speechEnded(offset: offset)
        case .turn(.mayBeOver), .turn(.resumed): continue
        }
      }
      return nil
    }

    /// The next event, or `nil` after the last or once the task is cancelled.
    public mutating func next() async -> CallerEvent? { await next(isolation: nil) }
  }

  private struct State {
    /// Numbers say in which order audio and other events came.
    var audio = FIFO<(number: UInt64, audio: CallerAudio, turn: Int)>()
    var events = FIFO<(number: UInt64, event: EagerEvent, turn: Int)>()
    var number: UInt64 = 0
    var bufferedMicroseconds = 0
    var droppedAudio = 0
    var droppedMicroseconds = 0
    var droppedEvents = 0
    var turn = 0
    var isFinished = false

    mutating func append(_ event: CallerEvent, turn: Int) {
      if case .audio(let stretch) = event {
        number += 1
        audio.append((number, stretch, turn))
        bufferedMicroseconds += stretch.microseconds
        while bufferedMicroseconds > CallerEvents.maximumAudio * 1000 || audio.count > CallerEvents.maximumStretches,
          let dropped = audio.removeFirst()
        {
          bufferedMicroseconds -= dropped.audio.microseconds
          droppedAudio += 1
          droppedMicroseconds += dropped.audio.microseconds
        }
        return
      }
      if case .ended = event { isFinished = true }
      append(.caller(event), turn: turn)
    }

    mutating func append(_ event: EagerEvent, turn: Int) {
      number += 1
      events.append((number, event, turn))
      if events.count > CallerEvents.maximumEvents, events.removeFirst() != nil { droppedEvents += 1 }
    }

    /// The next event, `nil` within after the last; nothing where one has to be waited for.
    mutating func removeFirst() -> EagerEvent?? {
      switch (audio.first?.number, events.first?.number) {
      case (let stretch?, let event) where stretch < event ?? .max:
        guard let next = audio.removeFirst() else { return nil }
        bufferedMicroseconds -= next.audio.microseconds
        turn = next.turn
        return .some(.caller(.audio(next.audio)))
      default:
        guard let next = events.removeFirst() else { return isFinished ? .some(nil) : nil }
        turn = next.turn
        return .some(next.event)
      }
    }
  }
}

extension CallerAudio {
  fileprivate var microseconds: Int { samples.count * 1_000_000 / Swift.max(1, sampleRate) }
}
