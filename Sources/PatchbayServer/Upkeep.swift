import Locking
import ServiceLifecycle

/// Work that goes on beside the calls, from the server's start until its calls have ended.
struct Upkeep: Service {
  typealias Work = @Sendable () async -> Void

  /// How long all of it together is waited for when it is to end: a lease is given back, but a network that hangs does not
  /// hold up the process.
  static let lastWait = Duration.seconds(2)

  private let works: [Work]

  /// - Parameter works: each is cancelled when it is to end.
  init(_ works: [Work]) { self.works = works }

  /// Work that is done at once and then always after a pause. What waits for nothing is better one of ``Beats``.
  static func every(_ pause: Duration, _ work: @escaping Work) -> Work {
    {
      while !Task.isCancelled {
        await work()
        try? await Task.sleep(for: pause)
      }
    }
  }

  func run() async {
    let isOver = Awaited(false)
    // Not a child of this task, which would have to wait for it.
    let task = Task {
      await withDiscardingTaskGroup { group in
        for work in works { group.addTask(operation: work) }
      }
      isOver.change { $0 = true }
    }
    try? await gracefulShutdown()
    task.cancel()
    _ = await isOver.first(within: Self.lastWait) { $0 ? true : nil }
  }
}
