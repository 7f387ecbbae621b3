import Synchronization

/// Whether there is memory for more calls: asked for each new one, told once a second how much there is.
///
/// Between two readings every call that was admitted is taken to need ``bytesPerCall``, so that a burst does not slip
/// through.
public final class MemoryGuard: Sendable {
  /// The part of the limit from which new calls are refused.
  public static let share = 0.9
  /// What a call is taken to need until the next reading, in bytes.
  static let bytesPerCall = 131_072

  private let resident = Atomic<Int>(0)
  private let threshold = Atomic<Int>(.max)
  private let admitted = Atomic<Int>(0)

  init() {}

  /// What the process has now, and what it may have; `nil` for no limit. In bytes.
  public func update(resident: Int, limit: Int?) {
    self.resident.store(resident, ordering: .relaxed)
    threshold.store(limit.map { Int(Double($0) * Self.share) } ?? .max, ordering: .relaxed)
    admitted.store(0, ordering: .relaxed)
  }

  /// Whether what was read last leaves room for no more than a few calls: a balancer had better send them elsewhere.
  public var isFull: Bool {
    resident.load(ordering: .relaxed) + 8 * Self.bytesPerCall >= threshold.load(ordering: .relaxed)
  }

  /// The same in words; `nil` while there is room.
  public var reason: String? {
    guard isFull else { return nil }
    let (megabytes, most) = (resident.load(ordering: .relaxed) >> 20, threshold.load(ordering: .relaxed) >> 20)
    return "memory is short: the process has \(megabytes) MiB, and takes on calls up to \(most) MiB"
  }

  /// Counts a new call in; false where there is no room for it.
  func admit() -> Bool {
    let threshold = threshold.load(ordering: .relaxed)
    guard threshold != .max else { return true }
    let expected = resident.load(ordering: .relaxed) + (admitted.load(ordering: .relaxed) + 1) * Self.bytesPerCall
    guard expected < threshold else { return false }
    admitted.add(1, ordering: .relaxed)
    return true
  }
}
