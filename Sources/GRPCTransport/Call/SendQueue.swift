import CGRPC

/// Messages of one call that wait to be sent, bounded in bytes.
struct SendQueue {
  private var messages: [(core: OpaquePointer, count: Int)] = []
  private var head = 0
  private var inFlight = 0
  private var waiting = 0
  let maximumBytes: Int
  /// Bytes of all messages that were ever queued.
  private(set) var total = 0

  init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

  /// Bytes waiting and in flight.
  var bytes: Int { waiting + inFlight }
  var isEmpty: Bool { head == messages.count }

  /// An empty queue takes any message; otherwise the bound decides.
  func accepts(_ count: Int) -> Bool { (isEmpty && inFlight == 0) || bytes + count <= maximumBytes }

  mutating func append(_ message: UnsafeRawBufferPointer) {
    messages.append((pb_message_create(message.baseAddress, message.count), message.count))
    waiting += message.count
    total &+= message.count
  }

  /// The next message, which is in flight from now on.
  mutating func removeFirst() -> OpaquePointer? {
    if isEmpty { return nil }
    let message = messages[head]
    head += 1
    if head * 2 > messages.count {
      messages.removeFirst(head)
      head = 0
    }
    waiting -= message.count
    inFlight = message.count
    return message.core
  }

  mutating func arrived() { inFlight = 0 }

  mutating func removeAll() {
    for message in messages[head...] { pb_message_destroy(message.core) }
    messages = []
    head = 0
    waiting = 0
  }
}
