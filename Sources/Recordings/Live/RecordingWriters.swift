import Dispatch
import Synchronization

/// The threads that write recordings: a few serial queues, each recording on one of them, with a bound on what waits.
///
/// A slow or full disk holds up these queues and nobody else: what finds no room is left out and counted.
final class RecordingWriters: Sendable {
  /// What all recordings together may have waiting, in bytes: half a minute of 500 calls.
  static let maximumPending = 256 << 20

  private let queues: [DispatchQueue]
  private let next = Atomic<Int>(0)
  private let pending = Atomic<Int>(0)
  private let limit: Int

  init(count: Int, limit: Int = RecordingWriters.maximumPending) {
    self.limit = limit
    queues = (0..<max(1, count)).map { DispatchQueue(label: "recordings-\($0)", qos: .utility) }
  }

  /// A queue for a new recording.
  func queue() -> DispatchQueue {
    let number = next.add(1, ordering: .relaxed).oldValue
    return queues[Int(UInt(bitPattern: number) % UInt(queues.count))]
  }

  /// Reserves room for bytes that will wait; false where there is none.
  func reserve(_ bytes: Int) -> Bool {
    guard pending.add(bytes, ordering: .relaxed).newValue <= limit else {
      pending.subtract(bytes, ordering: .relaxed)
      return false
    }
    return true
  }

  func release(_ bytes: Int) { pending.subtract(bytes, ordering: .relaxed) }

  /// Waits until all that was handed over is written, for as long as given. False where it was not by then.
  func drain(within time: Duration) -> Bool {
    let group = DispatchGroup()
    for queue in queues { queue.async(group: group) {} }
    return group.wait(timeout: .now() + .milliseconds(Int(clamping: Int64(time / .milliseconds(1))))) == .success
  }
}
