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

    var isOpen: Bool { full.isEmpty || isOver }
  }

  private let state = Awaited(State())

  /// Room at first.
  public init() {}

  /// Whether there is room; true once the call is over, when output goes nowhere.
  public var isOpen: Bool { state.withLock { $0.isOpen } }

  /// The gateway's side: a place is full, or has room again.
  public func set(_ place: Place, isFull: Bool) {
    if isFull { state.withLock { _ = $0.full.insert(place) } } else { state.change { _ = $0.full.remove(place) } }
  }

  /// The gateway's side: the call is over.
  public func finish() {
    state.change { $0.isOver = true }
  }

  /// Returns when there is room, the call is over, or the task is cancelled.
  public func wait() async {
    _ = await state.first { $0.isOpen ? true : nil }
  }
}
