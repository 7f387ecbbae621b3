/// A client's RPC for tasks: every member may be used from any task.
///
/// Letting go of the stream and of its messages cancels the call.
public final class ClientStream: Sendable {
  private let state: ClientStreamState

  init(state: ClientStreamState) { self.state = state }

  deinit { state.cancel() }

  /// Sends a message, waiting for room in the call's queue. Throws the call's status where it is over.
  public func send(_ message: [UInt8]) async throws(RPCStatus) {
    let state = self.state
    let failure: RPCStatus? = await withTaskCancellationHandler {
      await withCheckedContinuation { waiter in
        state.loop.execute { state.send(message, waiter) }
      }
    } onCancel: {
      state.cancel()
    }
    if let failure { throw failure }
  }

  /// Tells the server, after what is queued, that there is no more to come.
  public func halfClose() {
    state.loop.execute { [state] in state.halfClose() }
  }

  /// Breaks the call off.
  public func cancel() { state.cancel() }

  /// The server's messages in order, for one reader. It ends with the call; `status()` then says how.
  public var messages: AsyncStream<[UInt8]> { AsyncStream { await self.next() } }

  /// The server's headers; nil where the call ended without any.
  public func initialMetadata() async -> Metadata? {
    await withCheckedContinuation { waiter in
      state.loop.execute { [state] in state.whenInitialMetadata { waiter.resume(returning: $0) } }
    }
  }

  /// How the call ended, once it has and its messages have been read or the call was cancelled.
  public func status() async -> RPCStatus { await end().status }

  /// The server's trailers, once the call has ended.
  public func trailingMetadata() async -> Metadata { await end().trailers }

  private func end() async -> ClientStreamState.End {
    await withCheckedContinuation { waiter in
      state.loop.execute { [state] in state.whenEnded { waiter.resume(returning: $0) } }
    }
  }

  fileprivate func next() async -> [UInt8]? {
    let state = self.state
    return await withTaskCancellationHandler {
      await withCheckedContinuation { waiter in
        state.loop.execute { state.next(waiter) }
      }
    } onCancel: {
      state.cancel()
    }
  }
}

/// The part of a client's stream that lives on the loop.
///
/// `@unchecked Sendable`: the variables are touched on the loop's thread only.
final class ClientStreamState: ClientCallHandler, @unchecked Sendable {
  typealias End = (status: RPCStatus, trailers: Metadata)

  /// How many messages may wait for their reader before reading pauses.
  private static let mostBuffered = 16

  let loop: EventLoop
  private var call: ClientCall?
  private var cancelled = false
  private var buffer: [[UInt8]] = []
  private var reader: CheckedContinuation<[UInt8]?, Never>?
  private var senders: [([UInt8], CheckedContinuation<RPCStatus?, Never>)] = []
  private var halfCloseWanted = false
  private var initialMetadata: Metadata?
  private var metadataWaiters: [(Metadata?) -> Void] = []
  private var end: End?
  private var endWaiters: [(End) -> Void] = []

  init(loop: EventLoop) { self.loop = loop }

  func begin(_ call: ClientCall?) {
    if end == nil { self.call = call }
    if cancelled { call?.cancel() }
  }

  func cancel() {
    loop.execute {
      self.cancelled = true
      self.call?.cancel()
    }
  }

  func send(_ message: [UInt8], _ waiter: CheckedContinuation<RPCStatus?, Never>) {
    if let end {
      waiter.resume(returning: end.status)
    } else if halfCloseWanted {
      waiter.resume(returning: RPCStatus(.failedPrecondition, "the stream is half-closed"))
    } else if senders.isEmpty, call?.send(message) == true {
      waiter.resume(returning: nil)
    } else {
      senders.append((message, waiter))
    }
  }

  func halfClose() {
    halfCloseWanted = true
    if senders.isEmpty { call?.halfClose() }
  }

  func next(_ waiter: CheckedContinuation<[UInt8]?, Never>) {
    if let reader {
      reader.resume(returning: nil)
      self.reader = nil
    }
    if !buffer.isEmpty {
      waiter.resume(returning: buffer.removeFirst())
      if buffer.count < Self.mostBuffered { call?.startReading() }
    } else if end != nil {
      waiter.resume(returning: nil)
    } else {
      reader = waiter
    }
  }

  func whenInitialMetadata(_ body: @escaping (Metadata?) -> Void) {
    if initialMetadata != nil || end != nil { body(initialMetadata) } else { metadataWaiters.append(body) }
  }

  func whenEnded(_ body: @escaping (End) -> Void) {
    if let end { body(end) } else { endWaiters.append(body) }
  }

  func receivedInitialMetadata(_ metadata: Metadata) {
    initialMetadata = metadata
    tellMetadata()
  }

  private func tellMetadata() {
    let waiters = metadataWaiters
    metadataWaiters = []
    for waiter in waiters { waiter(initialMetadata) }
  }

  func received(_ bytes: UnsafeRawBufferPointer) {
    if let reader {
      self.reader = nil
      reader.resume(returning: Array(bytes))
      return
    }
    buffer.append(Array(bytes))
    if buffer.count >= Self.mostBuffered { call?.pauseReading() }
  }

  func drained() {
    while let (message, waiter) = senders.first, call?.send(message) == true {
      senders.removeFirst()
      waiter.resume(returning: nil)
    }
    if senders.isEmpty && halfCloseWanted { call?.halfClose() }
  }

  func ended(_ status: RPCStatus, trailingMetadata: Metadata) {
    call = nil
    let end = (status, trailingMetadata)
    self.end = end
    reader?.resume(returning: nil)
    reader = nil
    for (_, waiter) in senders { waiter.resume(returning: status) }
    senders = []
    tellMetadata()
    let waiters = endWaiters
    endWaiters = []
    for waiter in waiters { waiter(end) }
  }
}

extension GRPCChannel {
  /// Opens an RPC, from any task.
  public func call(path: String, metadata: Metadata = [], deadline: Duration? = nil) async -> ClientStream {
    let state = ClientStreamState(loop: loop)
    let stream = ClientStream(state: state)
    await withCheckedContinuation { (started: CheckedContinuation<Void, Never>) in
      loop.execute {
        state.begin(self.startCall(path: path, metadata: metadata, deadline: deadline, handler: state))
        started.resume()
      }
    }
    return stream
  }

  /// One request, one response. Throws the call's status where it is not OK; cancelling the task cancels the call.
  public func unary(
    path: String, message: [UInt8], metadata: Metadata = [], deadline: Duration? = nil
  ) async throws(RPCStatus) -> [UInt8] {
    let stream = await call(path: path, metadata: metadata, deadline: deadline)
    try await stream.send(message)
    stream.halfClose()
    let response = await stream.next()
    let extra = response == nil ? nil : await stream.next()
    let status = await stream.status()
    if !status.isOK { throw status }
    guard let response, extra == nil else {
      throw RPCStatus(.internal, "a unary call was answered with \(response == nil ? "no message" : "several")")
    }
    return response
  }
}
