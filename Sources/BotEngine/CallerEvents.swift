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

  private let state = Locked(State())

  /// An empty sequence, to be filled by ``deliver(_:turn:)``.
  public init() {}

  /// The turn of the last event the bot has taken.
  public var turn: Int { state.withLock { $0.turn } }

  /// Stretches of audio dropped because the bot was slow.
  public var droppedAudio: Int { state.withLock { $0.droppedAudio } }

  /// Other events dropped because the bot was slow.
  public var droppedEvents: Int { state.withLock { $0.droppedEvents } }

  /// Appends an event of a turn. After ``CallerEvent/ended(_:)`` nothing is taken any more. Never waits for the bot.
  public func deliver(_ event: CallerEvent, turn: Int) {
    let waiting = state.withLock { state -> [Waiter] in
      guard !state.isFinished else { return [] }
      state.append(event, turn: turn)
      return state.takeWaiters()
    }
    for waiter in waiting { waiter.resume() }
  }

  /// An iterator. Iterators share the events, each of which goes to one of them: use one.
  public func makeAsyncIterator() -> Iterator { Iterator(events: self) }

  /// Takes events one by one.
  public struct Iterator: AsyncIteratorProtocol {
    let events: CallerEvents

    /// The next event, or `nil` after the last or once the task is cancelled.
    public mutating func next(isolation actor: isolated (any Actor)?) async -> CallerEvent? {
      await events.next(isolation: actor)
    }

    /// The next event, or `nil` after the last or once the task is cancelled.
    public mutating func next() async -> CallerEvent? { await events.next(isolation: nil) }
  }

  private func next(isolation actor: isolated (any Actor)?) async -> CallerEvent? {
    while !Task.isCancelled {
      switch state.withLock({ $0.take() }) {
      case .event(let event): return event
      case .finished: return nil
      case .nothing: await somethingHappens(isolation: actor)
      }
    }
    return nil
  }

  /// Waits for an event, the end or the task's cancellation. May return for none of them: look again.
  private func somethingHappens(isolation actor: isolated (any Actor)?) async {
    await withTaskCancellationHandler {
      await withCheckedContinuation(isolation: actor) { continuation in
        // A task cancelled before this point has run its handler in vain; one cancelled after it finds the waiter.
        let isWaiting = state.withLock { state -> Bool in
          guard state.isEmpty, !state.isFinished, !Task.isCancelled else { return false }
          state.waiting.append(continuation)
          return true
        }
        if !isWaiting { continuation.resume() }
      }
    } onCancel: {
      for waiter in state.withLock({ $0.takeWaiters() }) { waiter.resume() }
    }
  }

  private typealias Waiter = CheckedContinuation<Void, Never>

  private enum Step {
    case event(CallerEvent)
    case finished
    case nothing
  }

  private struct State {
    /// Numbers say in which order audio and other events came.
    var audio = FIFO<(number: UInt64, audio: CallerAudio, turn: Int)>()
    var events = FIFO<(number: UInt64, event: CallerEvent, turn: Int)>()
    var number: UInt64 = 0
    var bufferedMicroseconds = 0
    var droppedAudio = 0
    var droppedEvents = 0
    var turn = 0
    var isFinished = false
    var waiting: [Waiter] = []

    var isEmpty: Bool { audio.isEmpty && events.isEmpty }

    mutating func append(_ event: CallerEvent, turn: Int) {
      number += 1
      if case .audio(let stretch) = event {
        audio.append((number, stretch, turn))
        bufferedMicroseconds += stretch.microseconds
        while bufferedMicroseconds > CallerEvents.maximumAudio * 1000 || audio.count > CallerEvents.maximumStretches,
          let dropped = audio.removeFirst()
        {
          bufferedMicroseconds -= dropped.audio.microseconds
          droppedAudio += 1
        }
        return
      }
      if case .ended = event { isFinished = true }
      events.append((number, event, turn))
      if events.count > CallerEvents.maximumEvents, events.removeFirst() != nil { droppedEvents += 1 }
    }

    mutating func take() -> Step {
      switch (audio.first?.number, events.first?.number) {
      case (let stretch?, let event) where stretch < event ?? .max:
        guard let next = audio.removeFirst() else { return .nothing }
        bufferedMicroseconds -= next.audio.microseconds
        turn = next.turn
        return .event(.audio(next.audio))
      default:
        guard let next = events.removeFirst() else { return isFinished ? .finished : .nothing }
        turn = next.turn
        return .event(next.event)
      }
    }

    mutating func takeWaiters() -> [Waiter] {
      defer { waiting = [] }
      return waiting
    }
  }
}

extension CallerAudio {
  fileprivate var microseconds: Int { samples.count * 1_000_000 / Swift.max(1, sampleRate) }
}
