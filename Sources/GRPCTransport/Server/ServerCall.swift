import CGRPC

/// One RPC on the server. On its loop only.
///
/// Nothing is read from the client before `startReading()`: who the caller is gets decided first.
public final class ServerCall {
  /// The loop that this call lives on; also the executor for tasks that serve it.
  public let loop: EventLoop
  /// `/package.Service/Method`.
  public let path: String
  /// The status given to `finish`, or by the transport where it refused a message.
  public private(set) var finalStatus: RPCStatus?

  /// The C core's call, until the end has been reported: a call kept for longer holds nothing of the C core.
  private var core: OpaquePointer?
  private var limits: CallLimits
  private unowned let acceptor: Acceptor
  private var handler: (any CallHandler)?
  /// Keeps the call while the C core holds pointers to it.
  private var whileLive: ServerCall?

  private var queue: SendQueue
  private var initialMetadata = Metadata()
  private var trailingMetadata = Metadata()
  private var headersSent = false
  private var sending = false
  private var statusSent = false
  private var statusArrived = false
  private var flushScheduled = false

  private var wantsReading = false
  private var hasRead = false
  private var reading = false
  private var readEnded = false
  /// Whether the client has been seen to half-close, before any status of ours.
  public private(set) var isHalfClosed = false
  private var delivering = false

  private var hold = StatusHold()

  private var closed = false
  private var broken = false
  private var released = false

  init(core: OpaquePointer, acceptor: Acceptor) {
    self.core = core
    self.acceptor = acceptor
    loop = acceptor.loop
    limits = acceptor.limits
    queue = SendQueue(maximumBytes: acceptor.limits.maximumQueuedBytes)
    var length = 0
    let text = pb_call_path(core, &length)
    path = String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
    whileLive = self
    pb_call_set_owner(
      core, Unmanaged.passUnretained(self).toOpaque(), Operation.serverSent.rawValue,
      Operation.serverReceived.rawValue, Operation.serverClosed.rawValue, 0)
    // The close has a batch of its own, first: it tells a cancelled call from a half-closed one.
    if !loop.isOpen || !pb_call_receive_close(core) {
      closed = true
      broken = true
    }
  }

  /// A method may have a limit of its own to its messages.
  func allow(_ maximumMessageLength: Int?) {
    if let maximumMessageLength { limits.maximumMessageLength = maximumMessageLength }
  }

  func begin(_ makeHandler: (ServerCall) -> any CallHandler) {
    handler = makeHandler(self)
    endIfDone()
  }

  /// Hands the call over: everything from now on goes to the new handler. Of no effect once the call has ended.
  ///
  /// For a call whose first handler only finds out who calls, or reads one request.
  public func setHandler(_ handler: any CallHandler) {
    loop.preconditionIsCurrent()
    if core != nil { self.handler = handler }
  }

  // MARK: What the client sent with the call

  /// The request's headers, in order and with duplicates.
  /// Empty once the call has ended, like everything in this group.
  public var metadata: Metadata { core.map { Metadata(received: $0, trailing: false) } ?? [] }

  /// Every value of one header (lower-case key), in order.
  public func values(for key: String) -> [String] {
    core.map { Metadata.values(received: $0, for: key) } ?? []
  }

  /// How long until the client's deadline; nil where it set none, negative where it has passed.
  public var timeRemaining: Duration? {
    guard let core else { return nil }
    let nanoseconds = pb_call_time_remaining(core)
    return nanoseconds == .max ? nil : .nanoseconds(nanoseconds)
  }

  /// The address of the connection's other end, `ipv4:192.0.2.1:50000`; of a proxy where there is one.
  public var peer: String {
    guard let core, let peer = pb_call_peer(core) else { return "unknown" }
    defer { pb_string_free(peer) }
    return String(cString: peer)
  }

  /// The `:authority` that the client asked for.
  public var authority: String {
    guard let core else { return "" }
    var length = 0
    let text = pb_call_host(core, &length)
    return String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
  }

  /// The client's certificate where the listener asks for one and the client has shown a valid one.
  public var peerCertificate: PeerCertificate? { core.flatMap { PeerCertificate(of: $0) } }

  // MARK: Reading

  /// Begins or resumes reading: the next message goes to `received(_:)`.
  public func startReading() {
    loop.preconditionIsCurrent()
    wantsReading = true
    if finalStatus == nil { hasRead = true }
    readNext()
  }

  /// Reads nothing further until `startReading()`; one message may be on its way already.
  public func pauseReading() {
    loop.preconditionIsCurrent()
    wantsReading = false
  }

  private func readNext() {
    guard let core, !reading, !delivering, !readEnded, !closed, !broken, loop.isOpen else { return }
    // A finished call is read on, and what comes is thrown away, to see the client's half-close.
    guard finalStatus == nil ? wantsReading : hasRead && !hold.isOver else { return }
    reading = pb_call_receive_message(core)
    if !reading { breakOff() }
  }

  func messageArrived(_ ok: Bool) {
    reading = false
    defer { endIfDone() }
    guard let core else { return }
    guard let message = pb_call_take_message(core) else {
      readEnded = true
      // An end that broke is followed by the close; one that looks whole waits for what is queued behind it.
      // Behind our status, the end of reading says nothing of the client.
      if pb_call_receive_failed(core) || closed || statusSent { return }
      isHalfClosed = true
      if finalStatus == nil { loop.settleLater(self) } else { flushLater() }
      return
    }
    let received = ReceivedMessage(message)
    if closed { return }
    let isTooLong = pb_call_message_was_too_long(core)
    if finalStatus != nil {
      if !isTooLong && hold.discards(received.count) { readNext() } else { release() }
      return
    }
    if isTooLong || received.count > limits.maximumMessageLength {
      refuse(RPCStatus(.resourceExhausted, "a message over the limit of \(limits.maximumMessageLength) bytes"))
    } else if received.isCompressed || pb_call_message_was_marked_compressed(core) {
      refuse(RPCStatus(.unimplemented, "compressed messages are not accepted"))
    } else {
      delivering = true
      handler?.received(received)
      delivering = false
      readNext()
    }
  }

  func settled() {
    if !closed && !broken && finalStatus == nil { handler?.halfClosed() }
  }

  private func refuse(_ status: RPCStatus) {
    queue.removeAll()
    // Nothing more of such a client is taken into memory.
    hasRead = false
    finish(status)
  }

  // MARK: Sending

  /// Bytes sent by us that have not left yet.
  public var queuedBytes: Int { queue.bytes }

  /// The bound on `queuedBytes`.
  public var maximumQueuedBytes: Int { queue.maximumBytes }

  /// Headers to go before the first message; of no effect once they have left.
  public func setInitialMetadata(_ metadata: Metadata) {
    loop.preconditionIsCurrent()
    if !headersSent { initialMetadata = metadata }
  }

  /// Queues a message. False, and nothing queued, where it would pass the bound (an empty queue takes any message), or
  /// where the call is over or finished.
  @discardableResult
  public func send(_ message: UnsafeRawBufferPointer) -> Bool {
    loop.preconditionIsCurrent()
    if closed || broken || finalStatus != nil || !queue.accepts(message.count) { return false }
    if message.count > limits.maximumSentMessageLength { return false }
    queue.append(message)
    flushLater()
    return true
  }

  /// Queues a message; see `send(_:)` for raw bytes.
  @discardableResult
  public func send(_ message: [UInt8]) -> Bool { message.withUnsafeBytes { send($0) } }

  /// Ends the call with a status. Further sends, reads and finishes have no effect.
  ///
  /// What is queued leaves at once; the status follows when the client has half-closed, or after
  /// `GRPCServer.statusHold`, or with half of the time to the call's deadline.
  ///
  /// - Parameter lingering: the status is kept back for at least this long after the last message, so that a client
  ///   that cancels meanwhile is seen: `ended(_:)` tells. Of no effect where statuses are not held.
  public func finish(
    _ status: RPCStatus = .ok, trailingMetadata: Metadata = [], lingering: Duration = .zero
  ) {
    loop.preconditionIsCurrent()
    if closed || finalStatus != nil { return }
    finalStatus = status
    self.trailingMetadata = trailingMetadata
    hold.begin(limit: acceptor.statusHold, lingering: lingering)
    readNext()
    flushLater()
  }

  /// Keeps the status back while there is reason to, and lets it go otherwise.
  private func holdOrRelease() {
    guard
      let time = hold.timeLeft(
        now: pb_now(), isHalfClosed: isHalfClosed, isRead: hasRead, toDeadline: timeRemaining),
      hold.isTimed || acceptor.takeHold(isRead: hasRead)
    else { return release() }
    hold.setTimer(loop.schedule(after: time) { self.release() })
  }

  /// The status leaves, whatever the client does.
  private func release() {
    endHold()
    flushLater()
  }

  private func endHold() {
    if hold.isTimed { acceptor.giveHoldBack(isRead: hasRead) }
    hold.end()
  }

  /// Breaks the call off at once; the client sees CANCELLED. `ended(_:)` follows.
  public func cancel() {
    loop.preconditionIsCurrent()
    if closed || released { return }
    breakOff()
  }

  private func breakOff() {
    broken = true
    queue.removeAll()
    if let core { pb_call_cancel(core) }
  }

  private func flushLater() {
    if flushScheduled || sending { return }
    flushScheduled = true
    loop.flushLater(self)
  }

  func sent(_ ok: Bool) {
    sending = false
    queue.arrived()
    if !ok {
      broken = true
      queue.removeAll()
    } else if statusSent {
      statusArrived = true
    } else if !queue.isEmpty || finalStatus != nil {
      flushLater()
    } else if !closed && !broken {
      handler?.drained()
    }
    endIfDone()
  }

  // MARK: The end

  func closeArrived() {
    closed = true
    queue.removeAll()
    endIfDone()
  }

  /// Reports the end when every tag has come back, and lets go of the handler, of the call and of the C core's call.
  private func endIfDone() {
    guard closed, !reading, !sending, !released, let core, let handler else { return }
    released = true
    endHold()
    self.handler = nil
    let completed = statusArrived && !pb_call_was_cancelled(core)
    handler.ended(completed ? .completed : .cancelled)
    self.core = nil
    pb_call_destroy(core)
    acceptor.callEnded()
    whileLive = nil
  }
}

extension ServerCall: OutboundCall {
  func flush() {
    flushScheduled = false
    guard let core, !sending, !closed, !broken, !statusSent, loop.isOpen else { return }
    var send = pb_send()
    send.message = queue.takeFirst()
    send.finish = finalStatus != nil && queue.isEmpty && hold.admitsStatus(isHalfClosed: isHalfClosed)
    if send.message == nil && !send.finish {
      if finalStatus != nil && queue.isEmpty { holdOrRelease() }
      return
    }
    send.headers = !headersSent
    if send.headers { send.initial_metadata = initialMetadata.makeCore() }
    headersSent = true
    let started: Bool
    if send.finish, let status = finalStatus {
      statusSent = true
      send.trailing_metadata = trailingMetadata.makeCore()
      send.status = status.code.rawValue
      var message = status.message
      started = message.withUTF8 { text in
        UnsafeRawBufferPointer(text).withMemoryRebound(to: CChar.self) { text in
          send.status_message = text.baseAddress
          send.status_message_length = text.count
          return pb_call_send(core, &send)
        }
      }
    } else {
      started = pb_call_send(core, &send)
    }
    if started { sending = true } else { breakOff() }
  }
}

/// The bounds of every call of a server.
struct CallLimits: Sendable {
  var maximumQueuedBytes: Int
  var maximumMessageLength: Int
  var maximumSentMessageLength: Int
  /// Of a request's headers, as HTTP/2 counts them.
  var maximumMetadataSize = 16_384
}
