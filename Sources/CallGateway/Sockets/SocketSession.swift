import Basics
import GRPCTransport
import Logging
import TokenVerification
import WebexProtocol
import WebexSocketProtocol

/// A call over a socket: its rules are ``SocketStateMachine``'s, its conversation is one like any other, and this type
/// carries messages between the two. On its loop.
final class SocketSession: SocketListener {
  let loop: any LoopExecutor
  let authorization: String?
  let trackingID: String?
  /// Whose call it is, for the log.
  var subject: Logger.Metadata
  private let socket: any CallerSocket
  private let gateway: VoiceGateway
  private let identity: Identity
  private let peer: String
  private let began: Duration
  private var machine: SocketStateMachine
  private var session: (any SessionHost)?
  private var lines: [Int: SocketLine] = [:]
  private var trace: RPCTrace?
  /// The code that it was closed with, and what for, where that was our doing.
  private var closeCode: UInt16?
  private var status = RPCStatus.Code.ok
  private var timer = DeadlineTimer()
  private var pauseTimer: LoopTimer?
  /// Bytes that were dealt with but are not credited yet: the audio runs ahead.
  private var withheld = 0
  private var isOver = false

  init(
    _ socket: any CallerSocket, _ upgrade: SocketUpgrade, _ identity: Identity, of gateway: VoiceGateway,
    on loop: any LoopExecutor
  ) {
    self.socket = socket
    self.gateway = gateway
    self.identity = identity
    self.loop = loop
    authorization = upgrade.authorization.first
    trackingID = upgrade.trackingID
    peer = upgrade.peer
    began = loop.now
    subject = ["org": "\(identity.organization)", "tenant": "\(identity.tenantName)"]
    if let trackingID { subject["trackingid"] = "\(trackingID)" }
    let limits = gateway.limits
    machine = SocketStateMachine(
      organization: identity.organization,
      limits: .init(firstMessage: limits.firstMessage, betweenMessages: limits.betweenSocketMessages), now: began)
    gateway.sockets.enter()
    guard gateway.openCalls.enter(most: gateway.maximumCalls) else {
      fail(.rateLimit("the server has as many calls as it takes"))
      return
    }
    reschedule()
  }

  /// The socket is one of this conversation's.
  func trace(as status: SessionStatus) {
    trace = status.spans.map { RPCTrace(socket: $0, key: status.key, began: began) }
  }

  // MARK: From the client

  func received(_ text: [UInt8]) {
    perform(machine.received(text, now: loop.now, wall: WallClock.nanoseconds))
    if pauseTimer == nil { socket.taken(bytes: text.count) } else { withheld += text.count }
  }

  func receivedBinary() { fail(.binary) }

  func ended(inOrder: Bool) {
    perform(machine.ended(inOrder ? .closed : .broken))
    if closeCode == nil, !inOrder { status = .cancelled }
    leave()
  }

  // MARK: From the conversation

  func respond(_ response: VoiceResponse, on line: SocketLine) {
    perform(machine.respond(response, on: line.number, wall: WallClock.nanoseconds))
  }

  func finish(_ line: SocketLine, _ status: RPCStatus, lingering: Duration) {
    guard line.number > 0 else {
      return status.code == .ok ? perform(machine.conversationEnded(now: loop.now)) : fail(SocketProtocolError(status))
    }
    lines[line.number] = nil
    machine.finished(line.number)
    if status.code == .resourceExhausted { return fail(SocketProtocolError(status)) }
    guard lingering > .zero, let session else { return }
    // It is waited for what becomes of the greeting: what a socket has taken arrives, or the call is over.
    let own = LoopBound(session, loop: loop)
    loop.execute { [id = line.id] in own.value.left(id, isDelivered: true) }
  }

  func refuse(_ error: any Error, on line: SocketLine) {
    gateway.gate.metrics.refusedMessages.increment()
    fail(SocketProtocolError(error, carriesAudio: line.carriesAudio))
  }

  func pause(for time: Duration) {
    pauseTimer?.cancel()
    pauseTimer = loop.schedule(after: time) { [weak self] in
      guard let self else { return }
      pauseTimer = nil
      socket.taken(bytes: withheld)
      withheld = 0
    }
  }

  // MARK: Actions

  private func perform(_ actions: [SocketStateMachine.Action]) {
    for action in actions {
      switch action {
      case .open(let number, let message, let carriesAudio):
        let line = SocketLine(number, carriesAudio: carriesAudio, of: self)
        lines[number] = line
        open(line, message)
      case .deliver(let number, let message):
        guard let line = lines[number] else { continue }
        message.withUnsafeBytes { session?.received($0, from: line.id) }
      case .halfClose(let number):
        guard let line = lines[number] else { continue }
        session?.halfClosed(line.id)
      case .send(let text):
        // The reader has stalled beyond every bound.
        if !socket.send(text: text, isLast: machine.isClosed) { fail(.rateLimit("the answers are not being read")) }
      case .close(let code):
        if closeCode == nil { closeCode = code }
        socket.close(code: code)
      case .lost: session?.giveUp()
      case .report(let code, let detail):
        gateway.log.warning(
          "the client reports an error", metadata: subject.merging(["code": "\(code)", "detail": "\(detail)"]) { $1 })
      }
    }
    reschedule()
  }

  private func open(_ line: SocketLine, _ message: [UInt8]) {
    if session == nil {
      do {
        let found = try message.withUnsafeBytes { try gateway.conversation(for: line, first: $0, identity) }
        guard let found else { return }
        session = found.value
        found.value.joined(SocketLine(0, of: self))
      } catch { return refuse(error, on: line) }
    }
    session?.joined(line)
    message.withUnsafeBytes { session?.received($0, from: line.id) }
  }

  private func fail(_ fault: SocketProtocolError) {
    guard !machine.isClosed else { return }
    status = fault.rpcCode
    gateway.gate.refused(RPCStatus(fault.rpcCode, fault.detail), peer: peer, now: loop.now)
    perform(machine.fail(fault, wall: WallClock.nanoseconds))
  }

  /// The socket is gone.
  private func leave() {
    guard !isOver else { return }
    isOver = true
    timer.cancel()
    pauseTimer?.cancel()
    pauseTimer = nil
    lines = [:]
    session = nil
    gateway.openCalls.leave()
    gateway.sockets.leave()
    trace?.end(status, at: loop.now)
    subject["closed"] = closeCode.map { "\($0)" } ?? "by the client"
    subject["milliseconds"] = "\((loop.now - began).nanoseconds / 1_000_000)"
    gateway.log.info("socket ended", metadata: subject)
  }

  // MARK: Time

  private func reschedule() {
    guard !isOver else { return }
    // Held strongly: the end of the socket cancels it.
    timer.set(machine.nextDeadline, on: loop) { self.tick() }
  }

  private func tick() {
    let wasWaiting = session == nil
    let actions = machine.tick(now: loop.now, wall: WallClock.nanoseconds)
    if wasWaiting, !actions.isEmpty { status = .deadlineExceeded }
    perform(actions)
  }
}

extension SocketProtocolError {
  /// What is wrong with a message, or with the call that it would begin, in the words of this wire.
  init(_ error: any Error, carriesAudio: Bool = false) {
    if let fault = error as? SocketProtocolError {
      self = fault
      return
    }
    guard let status = error as? RPCStatus else {
      self = .badRequest("\(error)")
      return
    }
    self =
      switch status.code {
      case .notFound: .unknownAgent(status.message)
      case .alreadyExists: .secondSocket(status.message)
      case .resourceExhausted: .rateLimit(status.message)
      case .unavailable: .goingDown
      case .unauthenticated: .unauthorized(status.message)
      case .deadlineExceeded: .timeout(status.message)
      // Its form is good, or it would not have come here: what is refused is the sound.
      case .invalidArgument where carriesAudio: .unsupportedMedia(status.message)
      case .invalidArgument, .permissionDenied, .failedPrecondition, .outOfRange: .badRequest(status.message)
      default: .upstreamError(status.message)
      }
  }

  /// The nearest of the codes that the log and the traces know.
  var rpcCode: RPCStatus.Code {
    switch code {
    case .unauthorized: .unauthenticated
    case .badRequest, .unsupportedMedia:
      status == 404 ? .notFound : status == 409 ? .alreadyExists : .invalidArgument
    case .upstreamError: .internal
    case .rateLimit: .resourceExhausted
    case .timeout: .deadlineExceeded
    case nil: .unavailable
    }
  }
}
