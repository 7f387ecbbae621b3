import CGRPC

/// One RPC's state machine on the client: synchronous, on its loop's thread, owned by its `ClientCall`.
public protocol ClientCallHandler: AnyObject {
  /// The server's headers; not called where the call ends without any.
  func receivedInitialMetadata(_ metadata: Metadata)
  /// A message arrived. The next is read when this returns, unless paused.
  func received(_ message: borrowing ReceivedMessage)
  /// All that was sent has left: there is room again.
  func drained()
  /// The last call, exactly one.
  func ended(_ status: RPCStatus, trailingMetadata: Metadata)
}

extension ClientCallHandler {
  /// Does nothing.
  public func receivedInitialMetadata(_ metadata: Metadata) {}
  /// Does nothing.
  public func drained() {}
}

/// One RPC on the client; made by `GRPCChannel.startCall`. On its loop only.
public final class ClientCall {
  /// The loop that this call lives on.
  public let loop: EventLoop
  /// `/package.Service/Method`.
  public let path: String

  private var core: OpaquePointer?
  private var channel: GRPCChannel?
  private var handler: (any ClientCallHandler)?
  private var whileLive: ClientCall?

  private let metadata: Metadata
  private let maximumReceived: Int
  private let waitsForConnection: Bool
  private let causeOfLoss: (@Sendable () -> String?)?
  private var queue: SendQueue
  private var headersSent = false
  private var sending = false
  private var halfCloseWanted = false
  private var halfClosed = false
  private var flushScheduled = false
  private var wantsReading = true
  private var reading = false
  private var readEnded = false
  private var delivering = false
  private var metadataPending = false
  private var statusPending = false
  private var refusal: RPCStatus?

  init(
    core: OpaquePointer, channel: GRPCChannel, path: String, metadata: Metadata, handler: any ClientCallHandler
  ) {
    self.core = core
    self.channel = channel
    self.path = path
    self.metadata = metadata
    self.handler = handler
    loop = channel.loop
    maximumReceived = channel.options.maximumReceivedMessageLength
    waitsForConnection = channel.options.waitsForConnection
    causeOfLoss = channel.options.causeOfLoss
    queue = SendQueue(maximumBytes: channel.options.maximumSendQueue)
    whileLive = self
    pb_call_set_owner(
      core, Unmanaged.passUnretained(self).toOpaque(), Operation.clientSent.rawValue,
      Operation.clientReceived.rawValue, Operation.clientClosed.rawValue, Operation.clientMetadata.rawValue)
    flushLater()
  }

  /// Whether the call has ended.
  public var isOver: Bool { core == nil }

  /// Bytes sent by us that have not left yet.
  public var queuedBytes: Int { queue.bytes }

  /// Queues a message. False, and nothing queued, where it would pass the bound (an empty queue takes any message), or
  /// where the call is over or half-closed.
  @discardableResult
  public func send(_ message: UnsafeRawBufferPointer) -> Bool {
    loop.preconditionIsCurrent()
    if core == nil || halfCloseWanted || !queue.accepts(message.count) { return false }
    queue.append(message)
    flushLater()
    return true
  }

  /// Queues a message; see `send(_:)` for raw bytes.
  @discardableResult
  public func send(_ message: [UInt8]) -> Bool { message.withUnsafeBytes { send($0) } }

  /// Tells the server, after what is queued, that there is no more to come.
  public func halfClose() {
    loop.preconditionIsCurrent()
    if core == nil || halfCloseWanted { return }
    halfCloseWanted = true
    flushLater()
  }

  /// Breaks the call off; `ended` follows with CANCELLED, unless the call has ended already.
  public func cancel() {
    loop.preconditionIsCurrent()
    breakOff()
  }

  private func breakOff() {
    guard let core else { return }
    queue.removeAll()
    pb_call_cancel(core)
  }

  /// Begins or resumes reading. A call reads from the start.
  public func startReading() {
    loop.preconditionIsCurrent()
    wantsReading = true
    readNext()
  }

  /// Reads nothing further until `startReading()`; one message may be on its way already.
  public func pauseReading() {
    loop.preconditionIsCurrent()
    wantsReading = false
  }

  private func readNext() {
    guard let core, headersSent, wantsReading, !reading, !delivering, !readEnded, loop.isOpen else { return }
    reading = pb_call_receive_message(core)
    if !reading { breakOff() }
  }

  private func flushLater() {
    if flushScheduled || sending { return }
    flushScheduled = true
    loop.flushLater(self)
  }

  // MARK: What the C core reports

  func sent(_ ok: Bool) {
    sending = false
    queue.arrived()
    if !ok {
      queue.removeAll()
    } else if !queue.isEmpty || halfCloseWanted && !halfClosed {
      flushLater()
    } else {
      handler?.drained()
    }
    endIfDone()
  }

  func initialMetadataArrived(_ ok: Bool) {
    metadataPending = false
    if ok, let core { handler?.receivedInitialMetadata(Metadata(received: core, trailing: false)) }
    endIfDone()
  }

  func messageArrived(_ ok: Bool) {
    reading = false
    defer { endIfDone() }
    guard let core else { return }
    guard let message = pb_call_take_message(core) else {
      readEnded = true
      return
    }
    let received = ReceivedMessage(message)
    if received.isCompressed || pb_call_message_was_marked_compressed(core) {
      refusal = RPCStatus(.unimplemented, "the server sent a compressed message")
      breakOff()
    } else if received.count > maximumReceived {
      refusal = RPCStatus(
        .resourceExhausted,
        "the server sent a message of \(received.count) bytes; at most \(maximumReceived) are accepted")
      breakOff()
    } else {
      delivering = true
      handler?.received(received)
      delivering = false
      readNext()
    }
  }

  func statusArrived() {
    statusPending = false
    queue.removeAll()
    endIfDone()
  }

  private func endIfDone() {
    guard let core, let handler, headersSent, !statusPending, !reading, !sending, !metadataPending else { return }
    var length = 0
    let text = pb_call_status_message(core, &length)
    var status = RPCStatus(
      RPCStatus.Code(rawValue: pb_call_status(core)) ?? .unknown,
      String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self))
    if status.code == .unavailable, let cause = causeOfLoss?() {
      status.message = cause
      status.isOfConnection = true
    }
    let trailers = Metadata(received: core, trailing: true)
    self.core = nil
    self.handler = nil
    pb_call_destroy(core)
    channel?.callEnded(self)
    channel = nil
    handler.ended(refusal ?? status, trailingMetadata: trailers)
    whileLive = nil
  }
}

extension ClientCall: OutboundCall {
  func flush() {
    flushScheduled = false
    guard let core, !sending, !halfClosed, loop.isOpen else { return }
    let first = !headersSent
    var send = pb_send()
    send.message = queue.takeFirst()
    send.half_close = halfCloseWanted && queue.isEmpty
    if send.message == nil && !send.half_close && !first { return }
    send.headers = first
    send.wait_for_ready = waitsForConnection
    send.initial_metadata = first ? metadata.makeCore() : nil
    if send.half_close { halfClosed = true }
    headersSent = true
    sending = pb_call_send(core, &send)
    if !sending { breakOff() }
    if first {
      statusPending = pb_call_receive_status(core)
      metadataPending = pb_call_receive_initial_metadata(core)
      readNext()
    }
  }
}
