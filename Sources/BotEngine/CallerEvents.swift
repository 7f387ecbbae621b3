import Synchronization

/// The events of one call, as a sequence with a bounded buffer.
///
/// Audio that the bot does not fetch in time is dropped, oldest first, beyond ten seconds, and counted; other events
/// are never dropped. ``turn`` counts the events taken that begin a turn, so that what the bot says can be told from
/// what it would have said had it known of an interruption.
public final class CallerEvents: AsyncSequence, Sendable {
  /// An event of the call.
  public typealias Element = CallerEvent

  fileprivate struct State {
    var queue: [(event: CallerEvent, turn: Int)] = []
    var head = 0
    var bufferedSamples = 0
    var droppedAudio = 0
    var turn = 0
    var isFinished = false
    var waiting: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  /// Audio kept for a slow bot, in samples: ten seconds at 16 kHz.
  private static let maximumBufferedSamples = 160_000

  /// An empty sequence, to be filled by ``deliver(_:turn:)``.
  public init() {}

  /// The turn of the last event the bot has taken.
  public var turn: Int { state.withLock { $0.turn } }

  /// Stretches of audio dropped because the bot was slow.
  public var droppedAudio: Int { state.withLock { $0.droppedAudio } }

  /// Appends an event of a turn. After ``CallerEvent/ended(_:)`` nothing is taken any more.
  public func deliver(_ event: CallerEvent, turn: Int) {
    let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard !state.isFinished else { return nil }
      if case .audio(let audio) = event {
        state.bufferedSamples += audio.samples.count
        if state.bufferedSamples > Self.maximumBufferedSamples { state.dropOldestAudio() }
      }
      if case .ended = event { state.isFinished = true }
      state.queue.append((event, turn))
      defer { state.waiting = nil }
      return state.waiting
    }
    waiting?.resume()
  }

  /// An iterator; iterators share the events, so use one.
  public func makeAsyncIterator() -> Iterator { Iterator(events: self) }

  /// Takes events one by one.
  public struct Iterator: AsyncIteratorProtocol {
    let events: CallerEvents

    /// The next event, or `nil` after the last or when the task is cancelled.
    public mutating func next(isolation actor: isolated (any Actor)?) async -> CallerEvent? {
      await events.next(isolation: actor)
    }

    /// The next event, or `nil` after the last or when the task is cancelled.
    public mutating func next() async -> CallerEvent? { await events.next(isolation: nil) }
  }

  private func next(isolation actor: isolated (any Actor)?) async -> CallerEvent? {
    while true {
      let step: Step = state.withLock { $0.take() }
      switch step {
      case .event(let event): return event
      case .finished: return nil
      case .wait: break
      }
      if Task.isCancelled { return nil }
      await withTaskCancellationHandler {
        await withCheckedContinuation(isolation: actor) { continuation in
          let resumeNow = state.withLock { state -> Bool in
            if state.head < state.queue.count || state.isFinished || Task.isCancelled || state.waiting != nil {
              return true
            }
            state.waiting = continuation
            return false
          }
          if resumeNow { continuation.resume() }
        }
      } onCancel: {
        let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
          defer { state.waiting = nil }
          return state.waiting
        }
        waiting?.resume()
      }
    }
  }

  fileprivate enum Step {
    case event(CallerEvent)
    case finished
    case wait
  }
}

extension CallerEvents.State {
  fileprivate mutating func take() -> CallerEvents.Step {
    guard head < queue.count else { return isFinished ? .finished : .wait }
    let next = queue[head]
    head += 1
    if head == queue.count {
      queue.removeAll(keepingCapacity: true)
      head = 0
    } else if head >= 64 {
      queue.removeFirst(head)
      head = 0
    }
    if case .audio(let audio) = next.event { bufferedSamples -= audio.samples.count }
    turn = next.turn
    return .event(next.event)
  }

  fileprivate mutating func dropOldestAudio() {
    for index in head..<queue.count {
      if case .audio(let audio) = queue[index].event {
        bufferedSamples -= audio.samples.count
        droppedAudio += 1
        queue.remove(at: index)
        return
      }
    }
  }
}
