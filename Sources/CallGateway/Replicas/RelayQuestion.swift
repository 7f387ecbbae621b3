import GRPCTransport

/// Another replica's question whether a conversation is here: answered as soon as it is known, where it may be about to
/// begin. On the question's loop.
final class RelayQuestion: CallHandler {
  private static let interval = Duration.milliseconds(5)
  /// Nobody waits for the answer for as long as a ``PeerQuestion`` may take.
  private static let limit = Duration.milliseconds(800)

  private let loop: any LoopExecutor
  private let until: Duration
  /// Answers; false where that is not known yet, unless it is asked for the last time.
  private let answer: (_ isLast: Bool) -> Bool
  private var timer: LoopTimer?

  init(on loop: any LoopExecutor, _ answer: @escaping (_ isLast: Bool) -> Bool) {
    self.loop = loop
    self.answer = answer
    until = loop.now + Self.limit
    look()
  }

  private func look() {
    guard !answer(loop.now >= until) else { return }
    timer = loop.schedule(after: Self.interval) { [weak self] in self?.look() }
  }

  func received(_ bytes: UnsafeRawBufferPointer) {}
  func halfClosed() {}
  func ended(_ end: RPCEnd) { timer?.cancel() }
}
