import Basics
package import NIOCore
package import NIOWebSocket

/// The event loop's side of an open socket: frames to messages, pings, the closing handshake.
///
/// Not `Sendable`: it lives on the channel's event loop. Nothing is read but what it asks for: the channel does not read by
/// itself.
package final class SocketHandler: ChannelInboundHandler {
  package typealias InboundIn = WebSocketFrame
  package typealias OutboundOut = WebSocketFrame

  /// Pongs that may wait for a peer that pings and does not read.
  private static let maximumPongs = 16
  /// Bytes that are still read, and dropped, of a client that broke the rules: closing with bytes unread would take the
  /// close frame from it.
  private static let maximumDiscarded = 262_144

  /// Frames, a second and at once. Whoever takes the messages does more for each than we do here: a peer that sends more is
  /// read more slowly.
  private var frames: RateBudget
  /// Bytes of messages.
  private var bytes: RateBudget
  private var isPaused = false

  private let side: WebSocketSide
  private let limits: WebSocketLimits
  private let inbox: any SocketInbox
  private let unsent: UnsentMessages
  private let arrived: ReceivedBytes
  private var share = MessageShare()
  private var assembly: MessageAssembly
  private var context: ChannelHandlerContext?
  private var pings: RepeatedTask?
  private var awaitsPong = false
  private var waitingPongs = 0
  /// A close frame was sent.
  private var isClosing = false
  /// It was our wish.
  private var isOurs = false
  /// What comes is dropped until the client has closed.
  private var isDiscarding = false

  /// A socket that is open once this is in its pipeline, behind WebSocket's frames.
  ///
  /// - Parameter arrived: stands before all other handlers.
  package init(
    side: WebSocketSide, limits: WebSocketLimits, inbox: any SocketInbox, unsent: UnsentMessages, arrived: ReceivedBytes
  ) {
    self.side = side
    self.limits = limits
    self.arrived = arrived
    self.inbox = inbox
    self.unsent = unsent
    frames = RateBudget(perSecond: limits.framesPerSecond, burst: limits.framesPerSecond / 2)
    bytes = RateBudget(perSecond: limits.bytesPerSecond, burst: limits.bytesPerSecond / 4)
    assembly = MessageAssembly(side: side, maximumMessage: limits.maximumMessage)
  }

  // MARK: The channel's life

  package func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    guard let interval = limits.pingInterval.map({ TimeAmount.nanoseconds($0.nanoseconds) }) else { return }
    let own = NIOLoopBound(self, eventLoop: context.eventLoop)
    pings = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in own.value.ping() }
  }

  package func handlerRemoved(context: ChannelHandlerContext) { end(Self.lost) }

  package func channelInactive(context: ChannelHandlerContext) {
    end(Self.lost)
    context.fireChannelInactive()
  }

  package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // Half a WebSocket is none.
    if case .inputClosed? = event as? ChannelEvent { context.close(promise: nil) }
    context.fireUserInboundEventTriggered(event)
  }

  private static let lost = WebSocketError(.lost, "The connection ended without a word.")

  /// The socket is over; only the first reason counts.
  private func end(_ error: WebSocketError) {
    unsent.close()
    inbox.finish(isOurs ? .success(()) : .failure(error))
    share.release()
    pings?.cancel()
    pings = nil
    context = nil
  }

  /// Tells the other side why. A server is not waited for; a client has time to read it.
  private func fail(_ error: WebSocketError, code: UInt16) {
    guard let context else { return }
    let wasClosing = isClosing
    end(error)
    if !wasClosing { sendClose(code, context) }
    guard side == .server, !wasClosing, error.code == .violation || error.code == .tooLarge else {
      context.close(promise: nil)
      return
    }
    isDiscarding = true
    arrived.count = 0
    context.close(mode: .output, promise: nil)
    cutOff(context)
    context.read()
  }

  private func cutOff(_ context: ChannelHandlerContext) {
    let channel = context.channel
    channel.eventLoop.scheduleTask(in: .nanoseconds(limits.closeTimeout.nanoseconds)) { channel.close(promise: nil) }
  }

  package func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case NIOWebSocketError.invalidFrameLength:
      let what = "\(side.peer) sends a frame larger than \(limits.maximumFrame) bytes."
      fail(WebSocketError(.tooLarge, what), code: 1009)
    case is NIOWebSocketError:
      fail(
        WebSocketError(.violation, "\(side.peer) sends control frames that are too long or in parts."), code: 1002)
    default: fail(Self.lost, code: 1002)
    }
  }

  // MARK: Receiving

  package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard self.context != nil else { return }
    let frame = unwrapInboundIn(data)
    frames.spend(1)
    if !frame.opcode.isControlOpcode { bytes.spend(frame.data.readableBytes) }
    do throws(MessageAssembly.RuleError) {
      switch try assembly.append(frame) {
      case .nothing: break
      case .message(let message):
        arrived.count = 0
        inbox.append(message)
      case .ping(let payload): pong(payload, context)
      case .pong: awaitsPong = false
      case .close(let code): peerCloses(code, context)
      }
    } catch {
      fail(error.error, code: error.closeCode)
    }
  }

  package func channelReadComplete(context: ChannelHandlerContext) {
    context.flush()
    guard isDiscarding else { return readMore() }
    if arrived.count > Self.maximumDiscarded { context.close(promise: nil) } else { context.read() }
  }

  /// Reads on if there is space, and in time.
  package func readMore() {
    guard let context, !isPaused, inbox.mayRead() else { return }
    let now = NIODeadline.now().uptimeNanoseconds
    frames.refill(now: now)
    bytes.refill(now: now)
    // Others may hold the memory that a long message takes.
    let isScarce = !share.admits(arrived.count + inbox.bytes)
    let pause = max(frames.wait, bytes.wait, isScarce ? 100_000_000 : 0)
    guard pause > 0 else {
      context.read()
      return
    }
    isPaused = true
    let own = NIOLoopBound(self, eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(in: .nanoseconds(max(pause, 1_000_000))) {
      own.value.isPaused = false
      own.value.readMore()
    }
  }

  private func peerCloses(_ code: Int, _ context: ChannelHandlerContext) {
    let wasClosing = isClosing
    end(WebSocketError(.closed, "\(side.peer) closed the connection (code \(code)).", closeCode: code))
    if !wasClosing { sendClose(code == 1005 ? nil : UInt16(clamping: code), context) }
    context.close(promise: nil)
  }

  // MARK: Sending

  /// Hands what waits to the network.
  package func flushUnsent() {
    let messages = unsent.removeAll()
    guard let context, !isClosing else {
      _ = unsent.sent(messages.reduce(0) { $0 + $1.data.readableBytes })
      return
    }
    for message in messages {
      let size = message.data.readableBytes
      let done = context.eventLoop.makePromise(of: Void.self)
      done.futureResult.whenComplete { [unsent, inbox] _ in
        if unsent.sent(size) { inbox.hasRoom() }
      }
      write(message.kind == .text ? .text : .binary, message.data, context, done)
    }
    context.flush()
  }

  private func write(
    _ opcode: WebSocketOpcode, _ data: ByteBuffer, _ context: ChannelHandlerContext,
    _ promise: EventLoopPromise<Void>? = nil
  ) {
    let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: side == .client ? .random() : nil, data: data)
    context.write(wrapOutboundOut(frame), promise: promise)
  }

  private func pong(_ payload: ByteBuffer, _ context: ChannelHandlerContext) {
    guard waitingPongs < Self.maximumPongs, !isClosing else { return }
    waitingPongs += 1
    let own = NIOLoopBound(self, eventLoop: context.eventLoop)
    let done = context.eventLoop.makePromise(of: Void.self)
    done.futureResult.whenComplete { _ in own.value.waitingPongs -= 1 }
    write(.pong, payload, context, done)
  }

  private func ping() {
    guard let context, !isClosing else { return }
    // Where reading has stopped for want of space or time, the pong may be waiting unread.
    if awaitsPong, !inbox.isStopped, !isPaused {
      return fail(WebSocketError(.timeout, "\(side.peer) does not answer pings any more."), code: 1002)
    }
    awaitsPong = true
    write(.ping, ByteBuffer(), context)
    context.flush()
  }

  // MARK: Closing

  /// Closes at our wish.
  package func close(code: UInt16) {
    guard let context, !isClosing else { return }
    flushUnsent()
    isOurs = true
    unsent.close()
    sendClose(code, context)
    inbox.finish(.success(()))
    cutOff(context)
    // The other side's close frame is behind what nobody takes any more.
    context.read()
  }

  private func sendClose(_ code: UInt16?, _ context: ChannelHandlerContext) {
    isClosing = true
    var payload = ByteBuffer()
    if let code { payload.writeInteger(code) }
    write(.connectionClose, payload, context)
    context.flush()
  }
}
