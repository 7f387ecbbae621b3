import Locking
import Synchronization

/// Whether the server keeps up with its calls, readable from any thread.
public final class LoadMonitor: Sendable {
  private let overloaded = Atomic<Bool>(false)
  private let words = Locked("")

  /// Whether new calls are refused, because those that are up take all the time there is.
  public var isOverloaded: Bool { overloaded.load(ordering: .relaxed) }

  /// The same in words; `nil` while calls are admitted.
  public var reason: String? { isOverloaded ? words.withLock { $0 } : nil }

  func set(_ reason: String?) {
    if let reason { words.withLock { $0 = reason } }
    overloaded.store(reason != nil, ordering: .relaxed)
  }
}
