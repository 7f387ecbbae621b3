import GRPCTransport

/// One timer for whatever a session has to do next. On its loop only.
struct DeadlineTimer {
  private var timer: LoopTimer?
  private var deadline = Duration.zero

  /// Has `work` run at `deadline`, on the loop's clock, or at an earlier one that was set before; `nil` is never.
  ///
  /// A later deadline needs no new timer: the old one finds nothing to do, and sets the next.
  ///
  /// - Parameter work: may hold the session, whose end has to cancel it.
  mutating func set(_ deadline: Duration?, on loop: any LoopExecutor, _ work: @escaping () -> Void) {
    guard let deadline else { return cancel() }
    if let timer, timer.isPending, self.deadline <= deadline { return }
    timer?.cancel()
    self.deadline = deadline
    timer = loop.schedule(after: max(deadline - loop.now, .zero), work)
  }

  mutating func cancel() {
    timer?.cancel()
    timer = nil
  }
}
