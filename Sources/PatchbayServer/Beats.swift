import Basics
import Dispatch
import Locking

/// Short works that are done again and again by one thread of their own.
///
/// A task that sleeps costs three wakes of threads each time, and an idle server has dozens of those a second. The works of
/// one thread wait for one another, so what reads files has another thread than what watches the loops.
struct Beats {
  /// Work that is done at once, and then always after the interval.
  struct Beat: Sendable {
    let interval: Duration
    let work: @Sendable () -> Void

    static func every(_ interval: Duration, _ work: @escaping @Sendable () -> Void) -> Beat {
      Beat(interval: interval, work: work)
    }

    /// - Parameter state: what is kept from one time to the next.
    static func every<State: Sendable>(
      _ interval: Duration, _ state: State, _ work: @escaping @Sendable (inout State) -> Void
    ) -> Beat {
      let kept = Locked(state)
      return Beat(interval: interval) { kept.withLock { work(&$0) } }
    }
  }

  private let beats: [Beat]
  private var dues: [Duration]

  init(_ beats: [Beat], now: Duration) {
    self.beats = beats
    dues = beats.map { _ in now }
  }

  /// Does what is due. What was missed, since the process was stopped, is done once.
  ///
  /// - Returns: when there is more to do.
  mutating func beat(now: Duration) -> Duration {
    for (index, beat) in beats.enumerated() where dues[index] <= now {
      beat.work()
      let missed = (now - dues[index]) / beat.interval
      dues[index] += beat.interval * (Int(missed) + 1)
    }
    return dues.min() ?? .seconds(Int64.max)
  }

  /// The works on a thread, until the task is cancelled.
  static func onThread(_ beats: [Beat]) -> Upkeep.Work {
    if beats.isEmpty { return {} }
    return {
      let end = DispatchSemaphore(value: 0)
      let hasThread: Void? = await withTaskCancellationHandler {
        await DetachedThread.value {
          var beats = Beats(beats, now: MonotonicClock.now())
          repeat {
            let pause = beats.beat(now: MonotonicClock.now()) - MonotonicClock.now()
            if end.wait(timeout: .now() + .nanoseconds(max(0, Int(pause.nanoseconds)))) == .success { return }
          } while true
        }
      } onCancel: {
        end.signal()
      }
      if hasThread != nil { return }
      // A process that may have no more threads is watched all the more.
      var beats = Beats(beats, now: MonotonicClock.now())
      while !Task.isCancelled {
        try? await Task.sleep(for: beats.beat(now: MonotonicClock.now()) - MonotonicClock.now())
      }
    }
  }
}
