import Locking
import Synchronization

/// Whether the server keeps up with its calls, readable from any thread.
public final class LoadMonitor: Sendable {
  private let room = Atomic<Int>(.max)
  private let refused = Atomic<Int>(0)
  private let words = Locked<String?>(nil)

  /// Why new calls are refused, in words; `nil` while they are admitted.
  public var reason: String? { words.withLock { $0 } }

  /// Counts a new call in; false where there is no time for it.
  func admit() -> Bool {
    guard room.load(ordering: .relaxed) != .max else { return true }
    if room.subtract(1, ordering: .relaxed).oldValue > 0 { return true }
    refused.add(1, ordering: .relaxed)
    return false
  }

  /// How many calls were refused since this was asked for.
  func takeRefused() -> Int { refused.exchange(0, ordering: .relaxed) }

  /// - Parameter room: how many calls are admitted until this is said again; `nil` for as many as come.
  func set(_ reason: String?, room: Int?) {
    words.withLock { $0 = reason }
    self.room.store(room ?? .max, ordering: .relaxed)
  }
}
