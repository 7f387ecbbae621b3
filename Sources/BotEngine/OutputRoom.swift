import Locking

/// Whether a call has room for more of its bot's output: how a bot that sends faster than it is heard is slowed down.
///
/// The gateway says how full it is; an engine that reads from a network asks before it reads on.
public final class OutputRoom: Sendable {
  /// Where output waits.
  public enum Place: Int, Sendable, CaseIterable {
    /// On its way to the call's thread.
    case inbox
    /// In the conversation, until it may be sent.
    case conversation
  }

  private struct State {
    var full: Set<Place> = []
    var isOver = false
    var waiting: [CheckedContinuation<Void, Never>] = []

    mutating func takeWaiting() -> [CheckedContinuation<Void, Never>] {
      defer { waiting = [] }
      return waiting
    }
  }

  private let state = Locked(State())

  /// Room at first.
  public init() {}

  /// Whether there is room; true once the call is over, when output goes nowhere.
  public var isOpen: Bool { state.withLock { $0.full.isEmpty || $0.isOver } }

  /// The gateway's side: a place is full, or has room again.
  public func set(_ place: Place, isFull: Bool) {
    let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      if isFull { state.full.insert(place) } else { state.full.remove(place) }
      return state.full.isEmpty ? state.takeWaiting() : []
    }
    for waiter in waiting { waiter.resume() }
  }

  /// The gateway's side: the call is over.
  public func finish() {
    let waiting = state.withLock { state in
      state.isOver = true
      return state.takeWaiting()
    }
    for waiter in waiting { waiter.resume() }
  }

  /// Returns when there is room, the call is over, or the task is cancelled.
  public func wait() async {
    while !isOpen, !Task.isCancelled {
      await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          let isWaiting = state.withLock { state in
            guard !state.full.isEmpty, !state.isOver, !Task.isCancelled else { return false }
            state.waiting.append(continuation)
            return true
          }
          if !isWaiting { continuation.resume() }
        }
      } onCancel: {
        for waiter in state.withLock({ $0.takeWaiting() }) { waiter.resume() }
      }
    }
  }
}
