import CGRPC

/// What a call of either side tells its handler while it lasts.
public protocol MessageHandler: AnyObject {
  /// A message arrived; its bytes last as long as this call. The next is read when this returns, unless paused.
  func received(_ bytes: UnsafeRawBufferPointer)

  /// All that was sent has left: there is room again.
  func drained()
}

extension MessageHandler {
  /// Does nothing.
  public func drained() {}
}

/// One RPC, of either side. On its loop only.
public class Call {
  /// The loop that this call lives on; also the executor for tasks that serve it.
  public let loop: EventLoop
  /// `/package.Service/Method`.
  public let path: String

  /// The C core's call, until the end has been reported: a call kept for longer holds nothing of the C core.
  final var core: OpaquePointer?
  /// No function of the machine calls out, so no access can overlap another; the check would cost a frame more than the
  /// rules do.
  @exclusivity(unchecked) final var machine: CallStateMachine
  /// The handler, for what the two sides have in common.
  final var receiver: (any MessageHandler)?
  /// The headers to go before the first message.
  final var headers: Metadata
  /// Keeps the call while the C core holds pointers to it.
  private final var whileLive: Call?

  init(core: OpaquePointer, loop: EventLoop, path: String, machine: CallStateMachine, headers: Metadata = []) {
    self.core = core
    self.loop = loop
    self.path = path
    self.machine = machine
    self.headers = headers
    whileLive = self
    pb_call_set_owner(
      core, Unmanaged.passUnretained(self).toOpaque(), Operation.sent.rawValue, Operation.received.rawValue,
      Operation.closed.rawValue, Operation.headers.rawValue)
  }

  // MARK: What the two sides do each in their way

  /// The other side has sent everything it has.
  func halfClosed() {}
  /// The other side has broken a bound: the call ends with this status.
  func refuse(_ status: RPCStatus) {}
  /// The status alone is left to send, and waits for this time.
  func hold(for time: Duration, isRead: Bool) {}
  func start(_ send: inout pb_send, of core: OpaquePointer, isLast: Bool) -> Bool { false }
  func headersArrived(_ ok: Bool) {}
  /// Everything has come back. What is left to do once the C core's call is gone; nil: not yet.
  func end(of core: OpaquePointer) -> (() -> Void)? { nil }

  // MARK: Reading

  /// Begins or resumes reading: the next message goes to `received(_:)`. A client's call reads from the start, a server's
  /// call not before this.
  public final func startReading() {
    loop.preconditionIsCurrent()
    machine.want(true)
    readNext()
  }

  /// Reads nothing further until `startReading()`; one message may be on its way already.
  public final func pauseReading() {
    loop.preconditionIsCurrent()
    machine.want(false)
  }

  /// Whether a read has been begun.
  @discardableResult
  final func readNext() -> Bool {
    guard let core, loop.isOpen, machine.beginRead() else { return false }
    if pb_call_receive_message(core) { return true }
    machine.readEnded(failed: true)
    breakOff()
    return false
  }

  final func messageArrived() {
    guard let core else { return }
    guard let message = pb_call_take_message(core) else {
      if machine.readEnded(failed: pb_call_receive_failed(core)) { halfClosed() }
      return endIfDone()
    }
    let received = ReceivedMessage(message)
    let isCompressed = received.isCompressed || pb_call_message_was_marked_compressed(core)
    let isTooLong = pb_call_message_was_too_long(core)
    switch machine.arrived(count: received.count, isTooLong: isTooLong, isCompressed: isCompressed) {
    case .deliver:
      receiver?.received(received.unsafeBytes)
      extendLifetime(received)
      if readNext() { return }
    case .discard:
      readNext()
      flushLater()
    case .refuse(let status): refuse(status)
    }
    endIfDone()
  }

  // MARK: Sending

  /// Bytes sent by us that have not left yet.
  public final var queuedBytes: Int { machine.queue.bytes }

  /// The bound on `queuedBytes`.
  public final var maximumQueuedBytes: Int { machine.queue.maximumBytes }

  /// Queues a message. False, and nothing queued, where it would pass the bound (an empty queue takes any message), or
  /// where the call is over, finished or half-closed. A client's call that broke, whose end is about to be told, throws it
  /// away.
  @discardableResult
  public final func send(_ message: UnsafeRawBufferPointer) -> Bool {
    loop.preconditionIsCurrent()
    guard core != nil, machine.send(message) else { return false }
    flushLater()
    return true
  }

  /// Queues a message; see `send(_:)` for raw bytes.
  @discardableResult
  public final func send(_ message: [UInt8]) -> Bool { message.withUnsafeBytes { send($0) } }

  final func flushLater() { if machine.schedule() { loop.flushLater(self) } }

  final func flush() {
    guard let core, loop.isOpen else { return }
    switch machine.next(now: pb_now(), toDeadline: timeRemaining) {
    case .nothing: break
    case .hold(let time, let isRead): hold(for: time, isRead: isRead)
    case .send(let batch):
      var send = pb_send()
      send.message = batch.message
      send.headers = batch.isFirst
      if batch.isFirst { send.initial_metadata = headers.makeCore() }
      if start(&send, of: core, isLast: batch.isLast) { return }
      machine.sent(false)
      breakOff()
    }
  }

  final func sent(_ ok: Bool) {
    switch machine.sent(ok) {
    case .more: flushLater()
    case .drained: receiver?.drained()
    case .nothing: break
    }
    endIfDone()
  }

  // MARK: The end

  /// How long until the deadline; nil where the client set none or the call has ended, negative where it has passed.
  public final var timeRemaining: Duration? {
    guard let core else { return nil }
    let nanoseconds = pb_call_time_remaining(core)
    return nanoseconds == .max ? nil : .nanoseconds(nanoseconds)
  }

  /// Breaks the call off at once: nothing is delivered any more, and `ended` follows with CANCELLED, unless the call has
  /// ended already. The other side sees CANCELLED.
  public final func cancel() {
    loop.preconditionIsCurrent()
    breakOff()
  }

  final func breakOff() {
    guard let core else { return }
    machine.breakOff()
    pb_call_cancel(core)
  }

  final func closeArrived() {
    machine.closed()
    endIfDone()
  }

  /// Reports the end when everything has come back, and lets go of the handler, of the call and of the C core's call.
  final func endIfDone() {
    guard let core, machine.isOver, let report = end(of: core) else { return }
    self.core = nil
    pb_call_destroy(core)
    report()
    whileLive = nil
  }
}
