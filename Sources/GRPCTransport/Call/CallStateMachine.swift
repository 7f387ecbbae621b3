import CGRPC

/// The rules of one RPC, of either side: what happened and the time in, what is to be done out.
///
/// Each direction is in one state and has at most one operation with the C core. The call is over once the C core has
/// reported all that was begun.
struct CallStateMachine {
  enum Side { case client, server }

  /// What leaves in one go.
  struct Batch: Equatable {
    var message: OpaquePointer?
    /// The headers leave with it.
    var isFirst: Bool
    /// The end leaves with it.
    var isLast: Bool
  }

  /// What to do when the loop has time to send.
  enum Next: Equatable {
    case nothing
    case send(Batch)
    /// The status alone is left, and waits for this time.
    case hold(Duration, isRead: Bool)
  }

  /// What follows from a batch that has come back.
  enum Sent { case nothing, drained, more }

  /// What to do with a message.
  enum Reception: Equatable {
    case deliver
    /// It is thrown away; the next is read, or a status leaves that waited for it.
    case discard
    /// This status ends the call.
    case refuse(RPCStatus)
  }

  private enum Sending {
    case open
    /// The end, a client's half-close or a server's status, leaves behind what is queued.
    case ending(StatusHold)
    case ended
    /// The end has left, and the C core says so.
    case arrived
    /// What was queued is thrown away, and nothing follows.
    case broken
  }

  private enum Receiving {
    /// Nobody has asked for a message yet.
    case unread
    case wanted, paused
    /// Read on behind our status, to see the client's half-close; what comes is thrown away.
    case discarding
    /// The other side has sent everything, or nothing of it is wanted any more.
    case over
  }

  private enum Operation { case idle, scheduled, inFlight }

  private let side: Side
  /// A method may have a limit of its own to its messages.
  var limits: CallLimits
  private(set) var queue: SendQueue
  private var sending = Sending.open
  private var receiving: Receiving
  private var batch = Operation.idle
  private var read = Operation.idle
  /// What the C core reports besides batches and messages: the close; to a client, the headers as well.
  private var awaited: Int
  private(set) var hasBegun = false
  /// Whether the other side has been seen to send everything, before any status of ours.
  private(set) var isHalfClosed = false

  init(_ side: Side, limits: CallLimits) {
    self.side = side
    self.limits = limits
    queue = SendQueue(maximumBytes: limits.maximumQueuedBytes)
    receiving = side == .client ? .wanted : .unread
    awaited = side == .client ? 2 : 1
  }

  /// Whether the call goes on: neither ended by us, nor broken.
  var isOpen: Bool { if case .open = sending { true } else { false } }
  /// Whether our end has left, and the C core has said so.
  var hasArrived: Bool { if case .arrived = sending { true } else { false } }
  /// Whether everything in flight has come back, the close as well.
  var isOver: Bool { awaited == 0 && read == .idle && batch != .inFlight }

  // MARK: Reading

  /// Messages are wanted, or not for now.
  mutating func want(_ isWanted: Bool) {
    switch receiving {
    case .unread where !isWanted, .discarding, .over: break
    case .unread, .wanted, .paused: receiving = isWanted ? .wanted : .paused
    }
  }

  /// Whether the caller is to begin a read now. A client's begins behind its headers.
  mutating func beginRead() -> Bool {
    guard read == .idle, receiving == .wanted || receiving == .discarding, side == .server || hasBegun else {
      return false
    }
    read = .inFlight
    return true
  }

  /// A message came.
  mutating func arrived(count: Int, isTooLong: Bool, isCompressed: Bool) -> Reception {
    read = .idle
    if receiving == .over { return .discard }
    if receiving == .discarding {
      guard case .ending(var hold) = sending else { return .discard }
      let isWaitedFor = !isTooLong && hold.discards(count)
      sending = .ending(hold)
      if !isWaitedFor { release() }
      return .discard
    }
    let limit = limits.maximumMessageLength
    if isTooLong || count > limit {
      let text =
        side == .server
        ? "a message over the limit of \(limit) bytes"
        : "the server sent a message of \(count) bytes; at most \(limit) are accepted"
      return .refuse(RPCStatus(.resourceExhausted, text))
    }
    if isCompressed {
      let text = side == .server ? "compressed messages are not accepted" : "the server sent a compressed message"
      return .refuse(RPCStatus(.unimplemented, text))
    }
    return .deliver
  }

  /// No message follows, or the read could not be begun. True where that is the other side's half-close: the close follows
  /// a stream that broke, and behind our own end the end of reading says nothing.
  @discardableResult
  mutating func readEnded(failed: Bool) -> Bool {
    read = .idle
    receiving = .over
    if failed { return false }
    switch sending {
    case .open, .ending: isHalfClosed = true
    case .ended, .arrived, .broken: return false
    }
    return true
  }

  // MARK: Sending

  /// Queues a message, of which the bytes are copied. False where there is no room for it, or nothing may follow.
  mutating func send(_ message: UnsafeRawBufferPointer) -> Bool {
    switch sending {
    case .open where message.count <= limits.maximumSentMessageLength && queue.accepts(message.count):
      queue.append(message)
      return true
    // Thrown away: that a client's call is over, and why, is told when the C core knows.
    case .broken: return side == .client
    case .open, .ending, .ended, .arrived: return false
    }
  }

  /// Whether the caller is to call `next` when the current event is over.
  mutating func schedule() -> Bool {
    guard batch == .idle else { return false }
    batch = .scheduled
    return true
  }

  /// A client has no more to send. False where it said so before, or the call is broken.
  mutating func halfClose() -> Bool {
    guard isOpen else { return false }
    sending = .ending(.none)
    return true
  }

  /// A server's status was given, which is held for `limit` at most and for `lingering` at least. `isRefused`: it leaves
  /// instead of what is queued, and nothing more of the client is taken into memory.
  ///
  /// False where there was one before, or the call is broken.
  mutating func finish(limit: Duration, lingering: Duration, isRefused: Bool) -> Bool {
    guard isOpen else { return false }
    if isRefused { queue.removeAll() }
    let isRead = receiving != .unread && !isRefused
    sending = .ending(StatusHold(limit: limit, lingering: lingering, isRead: isRead, sent: queue.total))
    receiving = isRead && receiving != .over ? .discarding : .over
    return true
  }

  /// The status leaves, whatever the client does.
  mutating func release() {
    guard case .ending = sending else { return }
    sending = .ending(.none)
    receiving = .over
  }

  /// The loop has time for the next batch. `now`: nanoseconds of the monotonic clock.
  mutating func next(now: @autoclosure () -> Int64, toDeadline: @autoclosure () -> Duration?) -> Next {
    guard batch != .inFlight else { return .nothing }
    batch = .idle
    let message = queue.removeFirst()
    var isLast = false
    if case .ending(var hold) = sending, queue.isEmpty {
      isLast = hold.admitsStatus(isHalfClosed: isHalfClosed)
      if !isLast && message == nil {
        let time = hold.timeLeft(now: now(), isHalfClosed: isHalfClosed, toDeadline: toDeadline())
        sending = .ending(hold)
        if let time { return .hold(time, isRead: hold.isRead) }
        isLast = true
      }
    }
    // A client's headers leave without waiting for a message, even of a call that is cancelled by now: only then does the
    // C core report its end.
    guard message != nil || isLast || side == .client && !hasBegun else { return .nothing }
    if isLast { sending = .ended }
    batch = .inFlight
    defer { hasBegun = true }
    return .send(Batch(message: message, isFirst: !hasBegun, isLast: isLast))
  }

  /// A batch has come back, or could not be begun (`ok` is false). One that failed breaks this direction only: what the
  /// other side has sent is read on.
  @discardableResult
  mutating func sent(_ ok: Bool) -> Sent {
    batch = .idle
    queue.arrived()
    if !ok { breakSending() }
    switch sending {
    case .open: return queue.isEmpty ? .drained : .more
    case .ending: return .more
    case .ended where ok: sending = .arrived
    case .ended, .arrived, .broken: break
    }
    return .nothing
  }

  // MARK: The end

  /// Nothing is sent or delivered any more.
  mutating func breakOff() {
    receiving = .over
    breakSending()
  }

  /// An end that has left stays so.
  private mutating func breakSending() {
    queue.removeAll()
    if case .ended = sending { return }
    if !hasArrived { sending = .broken }
  }

  /// The C core reports the close. What a client has received before is still delivered.
  mutating func closed() {
    awaited -= 1
    if side == .server { breakOff() } else { breakSending() }
  }

  /// The C core reports a client's headers, or that there are none.
  mutating func headersReported() { awaited -= 1 }
}

/// The bounds of a call.
struct CallLimits: Sendable {
  var maximumQueuedBytes: Int
  var maximumMessageLength: Int
  var maximumSentMessageLength: Int
  /// Of a request's headers, as HTTP/2 counts them.
  var maximumMetadataSize = 16_384
}
