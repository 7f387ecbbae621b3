@testable import GRPCTransport

extension CallStateMachine {
  static let testLimits = CallLimits(maximumQueuedBytes: 100, maximumMessageLength: 50, maximumSentMessageLength: 60)

  /// Queues a message of this many bytes.
  mutating func send(_ count: Int) -> Bool { [UInt8](repeating: 1, count: count).withUnsafeBytes { send($0) } }

  /// What there is to do at a time, in seconds, in words; a message by its length. What leaves is freed here.
  mutating func next(at seconds: Double = 0, deadline: Duration? = nil) -> String {
    switch next(now: Int64(seconds * 1_000_000_000), toDeadline: deadline) {
    case .nothing: return "nothing"
    case .hold(let time, let isRead): return "hold \(time)\(isRead ? "" : " unread")"
    case .send(let batch):
      let count = batch.message.map { ReceivedMessage($0).count }
      return [batch.isFirst ? "headers" : nil, count.map { "\($0)" }, batch.isLast ? "end" : nil]
        .compactMap { $0 }.joined(separator: " ")
    }
  }

  mutating func arrived(_ count: Int, isTooLong: Bool = false, isCompressed: Bool = false) -> Reception {
    arrived(count: count, isTooLong: isTooLong, isCompressed: isCompressed)
  }
}
