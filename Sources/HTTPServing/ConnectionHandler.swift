import Basics
import NIOCore
import NIOHTTP1
import NIOTLS
import NIOWebSocket
import WebSockets

/// One connection: one request, one answer, or a WebSocket.
///
/// Not `Sendable`: it lives on the channel's event loop. Nothing is read but what it asks for: the channel does not read by
/// itself.
final class ConnectionHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private enum Stage {
    /// Waits for a head.
    case head
    /// Reads the body of this request.
    case body(ServerRequest)
    /// The site decides about a socket.
    case deciding(HTTPRequestHead, ServerRequest)
    /// An answer is being made elsewhere.
    case making
    /// An answer is late, because it was to be.
    case waiting
    /// An answer is on its way.
    case answering
    /// The answer is sent: what the client still sends is dropped until it closes.
    case leaving
    /// The connection is closed, or a socket's.
    case over
  }

  /// Bytes of an answer that are handed over at once: each is progress of a slow reader.
  private static let slice = 16_384
  /// How much, and for how long, is still read of a client that was answered: closing with bytes unread would take the answer from
  /// it.
  private static let maximumDiscarded = 65_536
  private static let farewell = TimeAmount.seconds(1)

  private let server: ServerLoop
  private let tls: ConnectionTLS?
  private let decoder: ByteToMessageHandler<HTTPRequestDecoder>
  private let encoder = HTTPResponseEncoder()
  private let intake: IntakeHandler
  private var stage = Stage.head
  private var body: [UInt8] = []
  private var isHeadOnly = false
  private var isInputClosed = false
  private var lastWrite = NIODeadline.now()
  private var context: ChannelHandlerContext?
  private var timers: [Scheduled<Void>] = []
  private var silence: Scheduled<Void>?

  private var limits: HTTPLimits { server.limits }

  init(_ server: ServerLoop, tls: ConnectionTLS?) {
    self.server = server
    self.tls = tls
    intake = IntakeHandler(server.limits)
    decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
  }

  /// Fills the pipeline of a new connection.
  func addHandlers(to channel: any Channel) throws {
    let pipeline = channel.pipeline.syncOperations
    if let tls { try pipeline.addHandler(tls.handler) }
    for handler in [intake, decoder, encoder, self] as [any ChannelHandler] { try pipeline.addHandler(handler) }
  }

  // MARK: The connection's life

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    server.opened(self)
    let own = NIOLoopBound(self, eventLoop: context.eventLoop)
    schedule(in: limits.requestTime) { own.value.requestIsLate() }
    if tls != nil { schedule(in: limits.handshake) { own.value.handshakeIsLate() } }
    watch(in: limits.patience)
  }

  func handlerRemoved(context: ChannelHandlerContext) { end() }

  func channelActive(context: ChannelHandlerContext) {
    context.read()
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    end()
    context.fireChannelInactive()
  }

  private func end() {
    stage = .over
    context = nil
    for timer in timers { timer.cancel() }
    timers = []
    silence?.cancel()
    silence = nil
    server.closed(self)
  }

  /// Closes, whatever goes on, and without the farewell of TLS: nobody is waited for.
  func close() {
    guard let context else { return }
    if let tls { tls.cutOff(context) } else { context.close(promise: nil) }
  }

  /// When it has closed.
  var closeFuture: EventLoopFuture<Void>? { context?.channel.closeFuture }

  /// Closes unless an answer is on its way.
  func closeUnlessAnswering() {
    switch stage {
    case .answering, .leaving: break
    default: close()
    }
  }

  private func schedule(in time: Duration, _ task: @escaping @Sendable () -> Void) {
    guard let context else { return }
    timers.append(context.eventLoop.scheduleTask(in: .nanoseconds(time.nanoseconds), task))
  }

  private func handshakeIsLate() {
    guard let tls, !tls.isEstablished else { return }
    tls.failure = .timeout
    close()
  }

  private func requestIsLate() {
    switch stage {
    case .head, .body: close()
    default: break
    }
  }

  /// Closes a connection on which nothing has moved for too long.
  private func watch(in time: Duration) {
    guard let context else { return }
    let own = NIOLoopBound(self, eventLoop: context.eventLoop)
    silence = context.eventLoop.scheduleTask(in: .nanoseconds(time.nanoseconds)) { own.value.checkSilence() }
  }

  private func checkSilence() {
    switch stage {
    case .deciding, .making, .waiting: watch(in: limits.patience)
    case .head, .body, .answering, .leaving:
      let silence = NIODeadline.now() - max(intake.lastRead, lastWrite)
      let left = TimeAmount.nanoseconds(limits.patience.nanoseconds) - silence
      if left <= .nanoseconds(0) { close() } else { watch(in: .nanoseconds(left.nanoseconds)) }
    case .over: break
    }
  }

  // MARK: Reading

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch (unwrapInboundIn(data), stage) {
    case (.head(let head), .head): begin(head, context)
    case (.body(let bytes), .body):
      guard body.count + bytes.readableBytes <= limits.body else { return answer(tooLong) }
      body.append(contentsOf: bytes.readableBytesView)
    case (.end, .body(var request)):
      request.body = body
      answer(server.site.respond(to: request))
    default: break  // the request is answered already
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    switch stage {
    case .head, .body: context.read()
    case .leaving: if intake.discarded > Self.maximumDiscarded { close() } else { context.read() }
    case .deciding, .making, .waiting, .answering, .over: break
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .inputClosed? = event as? ChannelEvent {
      isInputClosed = true
      switch stage {
      case .head, .body, .deciding, .leaving: close()
      case .making, .waiting, .answering, .over: break
      }
    }
    if case .handshakeCompleted? = event as? TLSUserEvent { tls?.established() }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let tls, !tls.isEstablished {
      // What follows the first error is its end.
      guard let failure = tls.failure(of: error) else { return close() }
      server.failed(failure)
      server.logger.debug("\(server.name): a TLS handshake failed", metadata: ["reason": "\(error)"])
      return close()
    }
    switch (error, stage) {
    case (HeadScanner.HeadError.refused(let status, let reason), _): answer(.text(status, reason))
    case (is HTTPParserError, .head), (is HTTPParserError, .body): answer(.text(400, "this is no request"))
    case (is HTTPParserError, _): break  // what follows a request is not looked at
    default:
      server.logger.debug("\(server.name): a connection failed", metadata: ["reason": "\(error)"])
      close()
    }
  }

  private var tooLong: ServerResponse { .text(413, "a body may have \(limits.body) bytes") }

  private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    isHeadOnly = head.method == .HEAD
    do throws(RequestHead.RefusalError) {
      let parsed = try RequestHead(head, peer: context.remoteAddress?.ipAddress)
      var request = parsed.request
      request.isSecure = tls != nil
      request.certificate = tls?.certificate
      if parsed.wantsSocket { return decide(head, request) }
      guard request.hasBody, limits.body > 0, server.site.readsBody(of: request) else {
        return answer(server.site.respond(to: request))
      }
      guard parsed.length ?? 0 <= limits.body else { return answer(tooLong) }
      stage = .body(request)
      if parsed.expectsContinue {
        context.writeAndFlush(
          wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
      }
    } catch {
      answer(error.response)
    }
  }

  // MARK: Answering

  private func answer(_ response: ServerResponse) {
    guard context != nil else { return }
    intake.discard()
    if let make = response.later { return wait(for: make, orElse: response) }
    guard response.delay > .zero else { return write(response) }
    stage = .waiting
    guard let loop = context?.eventLoop else { return }
    let own = NIOLoopBound(self, eventLoop: loop)
    schedule(in: response.delay) { own.value.write(response) }
  }

  /// Has an answer made elsewhere.
  private func wait(for make: ServerResponse.Maker, orElse late: ServerResponse) {
    guard let loop = context?.eventLoop else { return }
    stage = .making
    var late = late
    late.later = nil
    let own = NIOLoopBound(self, eventLoop: loop)
    schedule(in: limits.decision) { [late] in own.value.deliver(late) }
    make { response in loop.execute { own.value.deliver(response) } }
  }

  private func deliver(_ response: ServerResponse) {
    guard case .making = stage else { return }
    var response = response
    // One wait is enough.
    response.later = nil
    answer(response)
  }

  private func write(_ response: ServerResponse) {
    guard let context else { return }
    guard !response.isDropped else { return close() }
    stage = .answering
    lastWrite = .now()
    let own = NIOLoopBound(self, eventLoop: context.eventLoop)
    context.write(wrapOutboundOut(.head(Self.head(of: response))), promise: nil)
    var rest = isHeadOnly ? ByteBuffer() : ByteBuffer(bytes: response.body)
    while let slice = rest.readSlice(length: min(rest.readableBytes, Self.slice)), slice.readableBytes > 0 {
      let done = context.eventLoop.makePromise(of: Void.self)
      done.futureResult.whenComplete { _ in own.value.lastWrite = .now() }
      context.write(wrapOutboundOut(.body(.byteBuffer(slice))), promise: done)
    }
    let done = context.eventLoop.makePromise(of: Void.self)
    done.futureResult.whenComplete { _ in own.value.leave() }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: done)
  }

  private static func head(of response: ServerResponse) -> HTTPResponseHead {
    var fields = HTTPHeaders([
      ("Content-Type", response.contentType), ("Content-Length", "\(response.body.count)"), ("Connection", "close"),
      ("X-Content-Type-Options", "nosniff"),
    ])
    if let date = HTTPDate.text(WallClock.now()) { fields.add(name: "Date", value: date) }
    if !response.fields.contains(where: { $0.0 == "Cache-Control" }) {
      fields.add(name: "Cache-Control", value: "no-store")
    }
    for (name, value) in response.fields { fields.add(name: name, value: value) }
    return HTTPResponseHead(
      version: .http1_1, status: HTTPResponseStatus(statusCode: response.status), headers: fields)
  }

  private func leave() {
    guard let context, case .answering = stage else { return }
    stage = .leaving
    // With TLS this says farewell first.
    context.close(mode: isInputClosed ? .all : .output, promise: nil)
    let own = NIOLoopBound(self, eventLoop: context.eventLoop)
    schedule(in: .nanoseconds(Self.farewell.nanoseconds)) { own.value.close() }
    if !isInputClosed { context.read() }
  }

  // MARK: Sockets

  private func decide(_ head: HTTPRequestHead, _ request: ServerRequest) {
    if let objection = RequestHead.objection(toSocket: request) { return answer(objection) }
    guard let context else { return }
    stage = .deciding(head, request)
    let own = NIOLoopBound(self, eventLoop: context.eventLoop)
    let loop = context.eventLoop
    schedule(in: limits.decision) { own.value.carryOut(.refuse(.text(503, "this took too long to decide"))) }
    server.site.upgrade(request) { decision in
      // Never within the parser's call.
      loop.execute { own.value.carryOut(decision) }
    }
  }

  private func carryOut(_ decision: UpgradeDecision) {
    guard case .deciding(let head, _) = stage, let context else { return }
    switch decision {
    case .refuse(let response): answer(response)
    case .accept(let receiver, let limits, let subprotocol):
      guard server.hasRoomForSocket else { return answer(.text(503, "there are too many sockets")) }
      let fields = subprotocol.map { HTTPHeaders([("Sec-WebSocket-Protocol", $0)]) } ?? [:]
      let upgrader = NIOWebSocketServerUpgrader(
        maxFrameSize: limits.maximumFrame, automaticErrorHandling: false,
        shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(fields) },
        upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() })
      let own = NIOLoopBound(self, eventLoop: context.eventLoop)
      upgrader.buildUpgradeResponse(channel: context.channel, upgradeRequest: head, initialResponseHeaders: [:])
        .whenComplete { result in
          switch result {
          case .success(let fields): own.value.becomeSocket(receiver, limits, fields)
          case .failure: own.value.answer(.text(400, "this is no request for a WebSocket"))
          }
        }
    }
  }

  /// Answers 101, and gives the connection away.
  private func becomeSocket(_ receiver: any WebSocketReceiver, _ limits: WebSocketLimits, _ fields: HTTPHeaders) {
    guard case .deciding = stage, let context, context.channel.isActive else { return }
    let channel = context.channel
    let pipeline = context.pipeline.syncOperations
    let arrived = ReceivedBytes()
    let socket = ServerWebSocket(receiver, limits: limits, arrived: arrived, loop: context.eventLoop)
    // Before the client knows: it may send at once.
    socket.open()
    context.writeAndFlush(
      wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: fields))),
      promise: nil)
    do {
      try pipeline.addHandler(arrived, position: .first)
      try pipeline.addHandler(WebSocketFrameEncoder())
      try pipeline.addHandler(ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: limits.maximumFrame)))
      try pipeline.addHandler(socket.channelHandler)
    } catch { return close() }
    server.opened(socket, on: channel)
    pipeline.removeHandler(intake, promise: nil)
    pipeline.removeHandler(encoder, promise: nil)
    pipeline.removeHandler(context: context, promise: nil)
    // Last: what it has of the client's first frames goes to those who now stand behind it.
    pipeline.removeHandler(decoder).whenComplete { _ in socket.read() }
  }
}
