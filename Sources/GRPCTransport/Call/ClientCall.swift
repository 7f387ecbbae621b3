import CGRPC

/// One RPC's state machine on the client: synchronous, on its loop's thread, owned by its `ClientCall`.
public protocol ClientCallHandler: MessageHandler {
  /// The server's headers; not called where the call ends without any.
  func receivedInitialMetadata(_ metadata: Metadata)
  /// The last call, exactly one.
  func ended(_ status: RPCStatus, trailingMetadata: Metadata)
}

extension ClientCallHandler {
  /// Does nothing.
  public func receivedInitialMetadata(_ metadata: Metadata) {}
}

/// One RPC on the client; made by `GRPCChannel.startCall`. On its loop only.
public final class ClientCall: Call {
  private var channel: GRPCChannel?
  private var handler: (any ClientCallHandler)? { didSet { receiver = handler } }
  private let options: GRPCChannel.Options
  private var refusal: RPCStatus?

  init(
    core: OpaquePointer, channel: GRPCChannel, path: String, metadata: Metadata, handler: any ClientCallHandler
  ) {
    self.channel = channel
    self.handler = handler
    options = channel.options
    super.init(
      core: core, loop: channel.loop, path: path,
      machine: CallStateMachine(
        .client,
        limits: CallLimits(
          maximumQueuedBytes: options.maximumSendQueue, maximumMessageLength: options.maximumReceivedMessageLength,
          maximumSentMessageLength: .max)),
      headers: metadata)
    receiver = handler
    flushLater()
  }

  /// Tells the server, after what is queued, that there is no more to come.
  public func halfClose() {
    loop.preconditionIsCurrent()
    if machine.halfClose() { flushLater() }
  }

  override func start(_ send: inout pb_send, of core: OpaquePointer, isLast: Bool) -> Bool {
    send.half_close = isLast
    send.wait_for_ready = options.waitsForConnection
    let isStarted = pb_call_send(core, &send)
    if send.headers {
      if !pb_call_receive_status(core) { machine.closed() }
      if !pb_call_receive_initial_metadata(core) { machine.headersReported() }
      readNext()
    }
    return isStarted
  }

  override func headersArrived(_ ok: Bool) {
    machine.headersReported()
    if ok, let core { handler?.receivedInitialMetadata(Metadata(received: core, trailing: false)) }
    endIfDone()
  }

  override func refuse(_ status: RPCStatus) {
    refusal = status
    breakOff()
  }

  override func end(of core: OpaquePointer) -> (() -> Void)? {
    guard let handler else { return nil }
    var length = 0
    let text = pb_call_status_message(core, &length)
    var status = RPCStatus(
      RPCStatus.Code(rawValue: pb_call_status(core)) ?? .unknown,
      String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self))
    if status.code == .unavailable, let cause = options.causeOfLoss?() {
      status.message = cause
      status.isOfConnection = true
    }
    let trailers = Metadata(received: core, trailing: true)
    self.handler = nil
    return { [self] in
      channel?.callEnded(self)
      channel = nil
      handler.ended(refusal ?? status, trailingMetadata: trailers)
    }
  }
}
