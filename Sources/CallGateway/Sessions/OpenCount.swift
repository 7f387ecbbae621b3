import Locking

/// How many calls or sockets are open, counted in and out, until somebody waits for the last.
final class OpenCount: Sendable {
  private struct State {
    var count = 0
    var isWaitedFor = true
  }

  private let state = Awaited(State())

  var count: Int { state.withLock { $0.count } }

  /// Counts one in; false where there are more than `most` with it. It is counted in all the same.
  @discardableResult func enter(most: Int = .max) -> Bool {
    state.withLock {
      $0.count += 1
      return $0.count <= most
    }
  }

  func leave() { state.change { $0.count -= 1 } }

  /// Waits until there is none, at most so long.
  func waitForNone(within limit: Duration) async {
    _ = await state.first(within: limit) { $0.count == 0 || !$0.isWaitedFor ? true : nil }
  }

  /// Ends every wait, from now on.
  func waitNoLonger() { state.change { $0.isWaitedFor = false } }
}
