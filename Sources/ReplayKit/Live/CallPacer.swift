import Basics
import GRPCTransport
import Histogram

/// Wakes the calls of one loop when they are due.
///
/// One timer for all: it looks every 5 ms who is due, so that the frames of many calls leave together.
///
/// `@unchecked Sendable`: after `init`, everything is touched on the loop only.
final class CallPacer: @unchecked Sendable {
  /// How often it looks.
  static let interval: Duration = .milliseconds(5)

  let loop: EventLoop
  /// How late calls were woken, in microseconds: what the machine, not the server, adds to every time measured.
  private(set) var times = ReplayTally.Times(
    highestTrackableValue: 600_000_000, numberOfSignificantValueDigits: .three)
  /// Frames that left a whole frame's time late or later.
  private(set) var lateFrames = 0
  /// Called each time, before the calls are woken.
  var onLook: ((Int64) -> Void)?

  private var calls: [LiveCall] = []
  private var isRunning = false

  init(loop: EventLoop) { self.loop = loop }

  func add(_ call: LiveCall) { calls.append(call) }

  func start() {
    guard !isRunning else { return }
    isRunning = true
    look()
  }

  func stop() { isRunning = false }

  /// Forgets how late calls were so far.
  func forget() {
    times.reset()
    lateFrames = 0
  }

  private func look() {
    guard isRunning else {
      calls = []
      return
    }
    let now = MonotonicClock.nanoseconds
    onLook?(now)
    var hasEnded = false
    for index in calls.indices {
      let wake = calls[index].wake
      if wake == .max {
        hasEnded = true
      } else if wake <= now {
        let late = min(600_000_000, (now - wake) / 1000)
        times.record(UInt64(late))
        // Those that follow within the time are sent with the first one, each 20 ms less late than the one before.
        lateFrames += Int(late / 20_000)
        calls[index].tick(at: now)
      }
    }
    if hasEnded { calls.removeAll { $0.wake == .max } }
    loop.schedule(after: Self.interval) { self.look() }
  }
}
