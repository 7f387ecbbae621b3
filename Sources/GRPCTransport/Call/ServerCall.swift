import CGRPC

/// One RPC on the server. On its loop only.
///
/// Nothing is read from the client before `startReading()`: who the caller is gets decided first.
public final class ServerCall: Call {
  /// The status given to `finish`, or by the transport where it refused a message.
  public private(set) var finalStatus: RPCStatus?
  /// Whether the client has been seen to half-close, before any status of ours.
  public var isHalfClosed: Bool { machine.isHalfClosed }

  private unowned let acceptor: Acceptor
  private var handler: (any CallHandler)? { didSet { receiver = handler } }
  private var trailers = Metadata()
  /// What ends the wait of a status, which has a place with the acceptor.
  private var held: (timer: LoopTimer, isRead: Bool)?

  init(core: OpaquePointer, acceptor: Acceptor) {
    self.acceptor = acceptor
    var length = 0
    let text = pb_call_path(core, &length)
    super.init(
      core: core, loop: acceptor.loop,
      path: String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self),
      machine: CallStateMachine(.server, limits: acceptor.limits))
    // The close has a batch of its own, first: it tells a cancelled call from a half-closed one.
    if !loop.isOpen || !pb_call_receive_close(core) { machine.closed() }
  }

  /// A method may have a limit of its own to its messages.
  func allow(_ maximumMessageLength: Int?) {
    if let maximumMessageLength { machine.limits.maximumMessageLength = maximumMessageLength }
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

  // What looks like the half-close waits for the events that are queued behind it: a cancellation may follow.
  override func halfClosed() { if machine.isOpen { loop.settleLater(self) } else { flushLater() } }

  func settled() { if machine.isOpen { handler?.halfClosed() } }

  // MARK: What the client sent with the call

  /// The request's headers, in order and with duplicates.
  /// Empty once the call has ended, like everything in this group.
  public var metadata: Metadata { core.map { Metadata(received: $0, trailing: false) } ?? [] }

  /// Every value of one header (lower-case key), in order.
  public func values(for key: String) -> [String] {
    core.map { Metadata.values(received: $0, for: key) } ?? []
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

  // MARK: Sending

  /// Headers to go before the first message; of no effect once they have left.
  public func setInitialMetadata(_ metadata: Metadata) {
    loop.preconditionIsCurrent()
    headers = metadata
  }

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
    finish(status, trailers: trailingMetadata, lingering: lingering, limit: acceptor.statusHold, isRefused: false)
  }

  /// Ends the call with a status that leaves at once behind what is queued, whether the client has half-closed or not:
  /// for clients that are reached by no proxy and are to go elsewhere.
  public func turnAway(_ status: RPCStatus, trailingMetadata: Metadata = []) {
    finish(status, trailers: trailingMetadata, lingering: .zero, limit: .zero, isRefused: false)
  }

  override func refuse(_ status: RPCStatus) {
    finish(status, trailers: [], lingering: .zero, limit: acceptor.statusHold, isRefused: true)
  }

  private func finish(
    _ status: RPCStatus, trailers: Metadata, lingering: Duration, limit: Duration, isRefused: Bool
  ) {
    loop.preconditionIsCurrent()
    guard machine.finish(limit: limit, lingering: lingering, isRefused: isRefused) else { return }
    finalStatus = status
    self.trailers = trailers
    readNext()
    flushLater()
  }

  override func hold(for time: Duration, isRead: Bool) {
    guard held != nil || acceptor.reserveHold(isRead: isRead) else { return release() }
    held?.timer.cancel()
    held = (loop.schedule(after: time) { self.release() }, isRead)
  }

  private func release() {
    machine.release()
    endHold()
    flushLater()
  }

  private func endHold() {
    guard let held else { return }
    held.timer.cancel()
    acceptor.freeHold(isRead: held.isRead)
    self.held = nil
  }

  override func start(_ send: inout pb_send, of core: OpaquePointer, isLast: Bool) -> Bool {
    guard isLast, var status = finalStatus else { return pb_call_send(core, &send) }
    send.finish = true
    send.trailing_metadata = trailers.makeCore()
    send.status = status.code.rawValue
    return status.message.withUTF8 { text in
      UnsafeRawBufferPointer(text).withMemoryRebound(to: CChar.self) { text in
        send.status_message = text.baseAddress
        send.status_message_length = text.count
        return pb_call_send(core, &send)
      }
    }
  }

  override func end(of core: OpaquePointer) -> (() -> Void)? {
    guard let handler else { return nil }
    endHold()
    self.handler = nil
    let end = machine.hasArrived && !pb_call_was_cancelled(core) ? RPCEnd.completed : .cancelled
    acceptor.count(path, end == .completed ? finalStatus?.code ?? .ok : .cancelled)
    handler.ended(end)
    return { [acceptor] in acceptor.callEnded() }
  }
}
