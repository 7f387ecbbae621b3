import GRPCTransport
import Logging
import TokenVerification
import WebexProtocol

/// A session that RPCs bring media to. On its own loop only.
protocol MediaHost: AnyObject {
  /// An RPC joins; its first message follows.
  func joined(_ line: MediaLine)
  /// A message, valid within the call.
  func received(_ bytes: UnsafeRawBufferPointer, from rpc: RPCID)
  /// The client sent everything it has.
  func halfClosed(_ rpc: RPCID)
  /// The RPC is over, however it ended.
  func left(_ rpc: RPCID)
  /// The server's time is up.
  func shutDown()
}

/// An RPC, as its session sees it from its own loop.
struct MediaLine: Sendable {
  let id: RPCID
  /// What the RPC is one of.
  let method: MediaMethod
  private let handler: LoopBound<MediaCallHandler>

  init(_ handler: MediaCallHandler, id: RPCID, method: MediaMethod, loop: any LoopExecutor) {
    self.id = id
    self.method = method
    self.handler = LoopBound(handler, loop: loop)
  }

  func send(_ message: [UInt8]) { perform { $0.send(message) } }
  /// Completes the RPC after what was sent.
  func finish(_ status: RPCStatus = .ok) { perform { $0.finish(status) } }
  /// Reads no further message for some time: the audio runs ahead.
  func pause(for time: Duration) { perform { $0.pause(for: time) } }

  private func perform(_ work: @escaping @Sendable (MediaCallHandler) -> Void) {
    if handler.loop.isCurrent { work(handler.value) } else { handler.execute(work) }
  }
}

/// The methods that bring media.
enum MediaMethod: Sendable {
  case fork
  case meetingControl
  case meetingMedia

  var schema: SchemaID { self == .fork ? .audioForking : .mediaIntelligence }

  /// Time without a message after which an RPC is given up; a meeting whose roster does not change has nothing to say.
  var quietLimit: Duration? { self == .meetingControl ? nil : .seconds(600) }
}

/// One RPC of a media service: token first, then the session, then its messages. Runs on the RPC's own loop; where the
/// session lives on another, messages and answers hop between the two.
final class MediaCallHandler: IncomingRPCHandler {
  private enum State {
    /// The token is being verified; nothing of the RPC has been read.
    case authenticating
    /// The first message will tell which session this is.
    case authorized(Identity)
    case joined(LoopBound<any MediaHost>)
    /// A status went out, or the RPC is gone.
    case over(LoopBound<any MediaHost>?)
  }

  private let media: MediaGateway
  private let call: any IncomingRPC
  private let method: MediaMethod
  private let id: RPCID
  private var state = State.authenticating
  private var watchdog: LoopTimer?
  private var pauseTimer: LoopTimer?
  private var lastMessage: Duration
  private var hasMessage = false
  private var isHalfClosed = false
  /// Whether the RPC is counted among the open ones.
  private var isCounted = true

  init(call: any IncomingRPC, media: MediaGateway, method: MediaMethod) {
    self.call = call
    self.media = media
    self.method = method
    id = media.gateway.nextRPC()
    lastMessage = call.executor.now
  }

  func begin() {
    guard media.enter() else {
      return refuse(RPCStatus(.resourceExhausted, "the server has as many calls as it takes"))
    }
    if let tracking = call.trackingID { call.setInitialMetadata([("trackingid", tracking)]) }
    media.gateway.authenticate(call, schema: .exactly(method.schema), admitsRetired: true, for: self) {
      handler, result in
      switch result {
      case .success(let identity): handler.authorized(identity)
      case .failure(let status): handler.refuse(status)
      }
    }
  }

  private func authorized(_ identity: Identity) {
    guard case .authenticating = state else { return }
    state = .authorized(identity)
    watch(after: media.gateway.limits.firstMessage)
    call.startReading()
  }

  // MARK: The call's events

  func received(_ bytes: UnsafeRawBufferPointer) {
    lastMessage = call.executor.now
    hasMessage = true
    do {
      if case .authorized(let identity) = state { try join(bytes, identity) }
      forward(bytes)
    } catch {
      refuse(media.gateway.refusedMessage(error))
    }
  }

  private func join(_ bytes: UnsafeRawBufferPointer, _ identity: Identity) throws {
    let session =
      switch method {
      case .fork: try media.forkSession(bytes, identity, call)
      case .meetingControl: try media.meeting(openedBy: bytes, identity, call)
      case .meetingMedia: try media.meeting(joinedBy: bytes, identity, call)
      }
    state = .joined(session)
    let line = MediaLine(self, id: id, method: method, loop: call.executor)
    tell(session) { $0.joined(line) }
  }

  private func forward(_ bytes: UnsafeRawBufferPointer) {
    guard case .joined(let session) = state else { return }
    if session.loop.isCurrent { return session.value.received(bytes, from: id) }
    let copy = Array(bytes)
    session.execute { [id] session in copy.withUnsafeBytes { session.received($0, from: id) } }
  }

  private func tell(_ session: LoopBound<any MediaHost>, _ work: @escaping @Sendable (any MediaHost) -> Void) {
    if session.loop.isCurrent { work(session.value) } else { session.execute(work) }
  }

  func halfClosed() {
    isHalfClosed = true
    switch state {
    case .joined(let session): tell(session) { [id] in $0.halfClosed(id) }
    case .authorized:
      // A stream of nothing was taken to its end as well.
      if method == .fork { send(ForkResponse.success.encoded()) }
      finish(.ok)
    case .authenticating, .over: break
    }
  }

  func ended(_ end: RPCEnd) {
    watchdog?.cancel()
    pauseTimer?.cancel()
    watchdog = nil
    pauseTimer = nil
    leave()
    switch state {
    case .joined(let session), .over(let session?): tell(session) { [id] in $0.left(id) }
    case .authenticating, .authorized, .over(nil): break
    }
    state = .over(nil)
  }

  // MARK: What the session does

  func send(_ message: [UInt8]) {
    guard !isOver else { return }
    if !call.send(message) { refuse(RPCStatus(.resourceExhausted, "the answer is not being read")) }
  }

  func finish(_ status: RPCStatus) {
    if !status.isOK { return refuse(status) }
    complete(status)
  }

  func pause(for time: Duration) {
    guard !isOver else { return }
    call.pauseReading()
    pauseTimer?.cancel()
    pauseTimer = call.executor.schedule(after: time) { [weak self] in
      guard let self, !isOver else { return }
      call.startReading()
    }
  }

  private func refuse(_ status: RPCStatus) {
    guard !isOver else { return }
    media.gateway.refused(status, call: call)
    complete(status)
  }

  private func complete(_ status: RPCStatus) {
    guard !isOver else { return }
    if case .joined(let session) = state { state = .over(session) } else { state = .over(nil) }
    watchdog?.cancel()
    watchdog = nil
    // A status that waits for the client's half-close takes no place of a live RPC.
    leave()
    call.finish(status)
  }

  private func leave() {
    guard isCounted else { return }
    isCounted = false
    media.leave()
  }

  private var isOver: Bool { if case .over = state { true } else { false } }

  // MARK: Time

  private func watch(after time: Duration) {
    // Held strongly: the end of the call cancels it.
    watchdog = call.executor.schedule(after: time) { self.checkTime() }
  }

  private func checkTime() {
    watchdog = nil
    guard !isOver, !isHalfClosed else { return }
    guard hasMessage else {
      return refuse(RPCStatus(.deadlineExceeded, "no message came within \(media.gateway.limits.firstMessage)"))
    }
    guard let limit = method.quietLimit else { return }
    let quiet = call.executor.now - lastMessage
    guard quiet < limit else { return refuse(RPCStatus(.deadlineExceeded, "no message came for \(limit)")) }
    watch(after: limit - quiet)
  }
}
