/// What a caller has sent on an RPC that may yet turn out to be another replica's. On the RPC's loop.
final class TakenMessages {
  private(set) var messages: [[UInt8]]
  private var bytes: Int
  var isHalfClosed: Bool
  /// Whether the caller was told anything on it.
  var hasAnswered = false
  /// Whether its status has gone out.
  var isOver = false

  init(_ messages: [[UInt8]], isHalfClosed: Bool) {
    self.messages = messages
    self.isHalfClosed = isHalfClosed
    bytes = messages.reduce(0) { $0 + $1.count }
  }

  /// Whether these are all messages that have come.
  var isWhole: Bool { bytes <= ArrivingConversation.maximumKept }

  func keep(_ message: UnsafeRawBufferPointer) {
    bytes += message.count
    if isWhole { messages.append(Array(message)) } else { messages = [] }
  }
}
