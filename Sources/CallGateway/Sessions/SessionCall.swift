import Basics
import GRPCTransport
import Logging
import Synchronization
import TokenVerification
import WebexProtocol

/// One RPC: token first, then its session, then messages to that and answers back.
///
/// Runs on the RPC's own loop. Where the session lives on another, messages and answers hop between the two
/// (``RemoteLine``); with one completion queue that never happens.
final class SessionCall: CallHandler {
  private enum State {
    /// The token is being verified; nothing of the RPC has been read.
    case authenticating
    /// The first message will tell which session this is.
    case authorized(Identity)
    case near(any SessionHost)
    case far(LoopBound<any SessionHost>)
    /// No session, any more: it was told that the line has left.
    case gone
  }

  let id = RPCID.next()
  let method: SessionMethod
  private let call: any IncomingRPC
  private let service: any SessionService
  private var state = State.authenticating
  /// A status went out, or the RPC is gone.
  private var isOver = false
  /// Whether the RPC is counted among the open ones.
  private var isCounted = true
  private var isHalfClosed = false
  private var hasMessage = false
  /// Whose RPC it is, for the log: known by and by, and only of callers with a good token.
  var subject: Logger.Metadata = [:]
  private let began: Duration
  private var trace: RPCTrace?
  /// Whether the token waits for keys; and until when it did.
  private var isAwaitingKeys = false
  private var awaitedKeys: Duration?
  private var status = RPCStatus.Code.cancelled
  private var lastMessage: Duration
  private var watchdog: LoopTimer?
  private var pauseTimer: LoopTimer?
  /// What came so far, where the session may turn out to be elsewhere.
  private var taken: TakenMessages?

  init(_ call: any IncomingRPC, method: SessionMethod, of service: any SessionService) {
    self.call = call
    self.method = method
    self.service = service
    began = call.executor.now
    lastMessage = began
  }

  var loop: any LoopExecutor { call.executor }
  var authorization: String? { call.values(for: "authorization").first }
  var trackingID: String? { call.trackingID }
  var peer: String { call.peer }
  var timeRemaining: Duration? { call.timeRemaining }
  var queuedBytes: Int { call.queuedBytes }
  func values(for key: String) -> [String] { call.values(for: key) }

  // MARK: Before the first message

  func begin() {
    guard service.openCalls.enter(most: service.maximumCalls) else {
      return finish(RPCStatus(.resourceExhausted, "the server has as many calls as it takes"))
    }
    if let trackingID { call.setInitialMetadata([("trackingid", trackingID)]) }
    service.gate.authenticate(
      call, schema: .exactly(method.schema), admitsRetired: method.admitsRetired, for: self
    ) { handler, result in
      switch result {
      case .success(let identity): handler.authorized(identity)
      case .failure(let status): handler.finish(status)
      }
    }
    if case .authenticating = state { isAwaitingKeys = true }
  }

  /// Begins an RPC whose token another replica has verified.
  func begin(verified identity: Identity) {
    guard service.openCalls.enter(most: service.maximumCalls) else {
      return finish(RPCStatus(.resourceExhausted, "the server has as many calls as it takes"))
    }
    authorized(identity)
  }

  private func authorized(_ identity: Identity) {
    guard !isOver else { return }
    state = .authorized(identity)
    if isAwaitingKeys { awaitedKeys = loop.now }
    subject = ["org": "\(identity.organization)", "tenant": "\(identity.tenantName)"]
    if let trackingID { subject["trackingid"] = "\(trackingID)" }
    watch(after: service.limits.firstMessage)
    call.startReading()
  }

  /// The RPC is one of this session's.
  func trace(as status: SessionStatus) {
    trace = status.spans.map { RPCTrace($0, key: status.key, began: began, awaitedKeys: awaitedKeys) }
  }

  private func join(_ bytes: UnsafeRawBufferPointer, _ identity: Identity) {
    do {
      guard let session = try service.session(for: self, first: bytes, identity) else { return }
      join(session)
    } catch {
      return refuse(error)
    }
    received(bytes)
  }

  private func join(_ session: LoopBound<any SessionHost>) {
    if session.loop === loop {
      state = .near(session.value)
      session.value.joined(self)
    } else {
      state = .far(session)
      let line = RemoteLine(self)
      session.execute { $0.joined(line) }
    }
  }

  /// What has stood for the session has found it: what came so far goes there, and all that follows.
  ///
  /// - Parameter taken: is told of what follows, until the session is sure.
  func settle(
    _ session: LoopBound<any SessionHost>, _ messages: [[UInt8]], isHalfClosed: Bool,
    keeping taken: TakenMessages? = nil
  ) {
    guard !isOver else { return }
    join(session)
    for message in messages { message.withUnsafeBytes { received($0) } }
    self.taken = taken
    if isHalfClosed { halfClosed() }
    pause(for: .zero)
  }

  /// The session is sure.
  func keepNothing() { taken = nil }

  /// The session is elsewhere: it is told that the line has left, and all that follows comes to this host. False where the
  /// RPC is over.
  func takeBack(to host: any SessionHost) -> Bool {
    taken = nil
    guard !isOver else { return false }
    leave(isDelivered: false)
    state = .near(host)
    return true
  }

  // MARK: The call's events

  func received(_ bytes: UnsafeRawBufferPointer) {
    guard !isOver else { return }
    lastMessage = loop.now
    hasMessage = true
    taken?.keep(bytes)
    switch state {
    case .near(let session): session.received(bytes, from: id)
    case .far(let session):
      let message = Array(bytes)
      session.execute { [id] session in message.withUnsafeBytes { session.received($0, from: id) } }
    case .authorized(let identity): join(bytes, identity)
    case .authenticating, .gone: break
    }
  }

  func halfClosed() {
    guard !isOver else { return }
    isHalfClosed = true
    taken?.isHalfClosed = true
    switch state {
    case .near(let session): session.halfClosed(id)
    case .far(let session): session.execute { [id] in $0.halfClosed(id) }
    case .authorized:
      let answer = method.answerToNothing
      if let message = answer.message { send(message) }
      finish(answer.status)
    case .authenticating, .gone: break
    }
  }

  func drained() { if case .near(let session) = state { session.drained(id) } }

  func ended(_ end: RPCEnd) {
    close()
    let status = end == .completed ? self.status : .cancelled
    trace?.end(status, at: loop.now)
    if !subject.isEmpty {
      subject["rpc"] = "\(method)"
      subject["status"] = "\(status)"
      subject["milliseconds"] = "\((loop.now - began).nanoseconds / 1_000_000)"
      service.gate.ended(subject)
    }
    if end == .completed, hasMessage, method == .conversation, !call.isHalfClosed {
      service.gate.metrics.statusesBeforeHalfClose.increment()
    }
    leave(isDelivered: end == .completed)
  }

  // MARK: The end

  /// Nothing more is read, sent or watched. A status that waits for the client's half-close takes no place of a live RPC.
  private func close() {
    isOver = true
    taken?.isOver = true
    watchdog?.cancel()
    pauseTimer?.cancel()
    watchdog = nil
    pauseTimer = nil
    guard isCounted else { return }
    isCounted = false
    service.openCalls.leave()
  }

  /// Tells the session, once.
  private func leave(isDelivered: Bool) {
    let was = state
    state = .gone
    switch was {
    case .near(let session): session.left(id, isDelivered: isDelivered)
    case .far(let session): session.execute { [id] in $0.left(id, isDelivered: isDelivered) }
    case .authenticating, .authorized, .gone: break
    }
  }

  /// Ends the RPC with an error; the session goes on without it.
  private func giveUp(_ status: RPCStatus) {
    finish(status)
    leave(isDelivered: false)
  }

  // MARK: Time

  /// One timer an RPC, not one a message.
  private func watch(after time: Duration) {
    // Held strongly: the end of the call cancels it, and a weak reference would slow down every retain of the handler.
    watchdog = loop.schedule(after: time) { self.checkTime() }
  }

  private func checkTime() {
    watchdog = nil
    guard !isOver, !isHalfClosed else { return }
    let limits = service.limits
    guard hasMessage else {
      return giveUp(RPCStatus(.deadlineExceeded, "no message came within \(limits.firstMessage)"))
    }
    guard let limit = method.quietLimit(limits) else { return }
    let quiet = loop.now - lastMessage
    guard quiet < limit else { return giveUp(RPCStatus(.deadlineExceeded, "no message came for \(limit)")) }
    watch(after: limit - quiet)
  }
}

extension RPCID {
  private static let ids = Atomic<UInt64>(0)

  /// An id that no other line of the process has.
  static func next() -> RPCID { RPCID(ids.add(1, ordering: .relaxed).newValue) }
}

extension SessionCall: ArrivingLine {
  func send(_ message: [UInt8]) {
    guard !isOver else { return }
    taken?.hasAnswered = true
    // The reader has stalled beyond every bound.
    if !call.send(message) { giveUp(RPCStatus(.resourceExhausted, "the answer is not being read")) }
  }

  func finish(_ status: RPCStatus, lingering: Duration) {
    guard !isOver else { return }
    if !status.isOK {
      taken?.hasAnswered = true
      service.gate.refused(status, call: call)
    }
    close()
    self.status = status.code
    call.finish(status, lingering: lingering)
  }

  func refuse(_ error: any Error) {
    guard !isOver else { return }
    service.gate.metrics.refusedMessages.increment()
    giveUp(error as? RPCStatus ?? RPCStatus(.invalidArgument, "\(error)"))
  }

  func pause(for time: Duration) {
    guard !isOver else { return }
    call.pauseReading()
    pauseTimer?.cancel()
    pauseTimer = loop.schedule(after: time) { [weak self] in
      guard let self, !isOver else { return }
      call.startReading()
    }
  }
}
