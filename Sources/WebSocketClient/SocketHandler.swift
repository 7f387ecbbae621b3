import BotConnections
import NIOCore
import NIOWebSocket

/// The event loop's side of an open socket: frames to messages, pings, the closing handshake.
///
/// Not `Sendable`: it lives on the channel's event loop.
final class SocketHandler: ChannelInboundHandler {
  typealias InboundIn = WebSocketFrame
  typealias OutboundOut = WebSocketFrame

  /// Pongs that may wait for a server that pings and does not read.
  private static let maximumPongs = 16

  /// Frames with a message's bytes, a second and at once. Whoever takes the messages does more for each than we do here:
  /// a server that sends more is read more slowly.
  private var frames = RateBudget(perSecond: 2_000, burst: 1_000)
  /// Their bytes.
  private var bytes = RateBudget(perSecond: 8 << 20, burst: 2 << 20)
  private var isPaused = false

  private let limits: WebSocketLimits
  private let received: ReceivedMessages
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

  init(limits: WebSocketLimits, received: ReceivedMessages, unsent: UnsentMessages, arrived: ReceivedBytes) {
    self.limits = limits
    self.arrived = arrived
    self.received = received
    self.unsent = unsent
    assembly = MessageAssembly(maximumMessage: limits.maximumMessage)
  }

  // MARK: The channel's life

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    let own = NIOLoopBound(self, eventLoop: context.eventLoop)
    let interval = TimeAmount.nanoseconds(limits.pingInterval.nanoseconds)
    pings = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in own.value.ping() }
  }

  func handlerRemoved(context: ChannelHandlerContext) { end(Self.lost) }

  func channelInactive(context: ChannelHandlerContext) {
    end(Self.lost)
    context.fireChannelInactive()
  }

  private static let lost = WebSocketError(.lost, "The connection ended without a word.")

  /// The socket is over; only the first reason counts.
  private func end(_ error: WebSocketError) {
    unsent.close()
    received.finish(isOurs ? .success(()) : .failure(error))
    share.release()
    pings?.cancel()
    pings = nil
    context = nil
  }

  /// Tells the server why, and does not wait for its answer.
  private func fail(_ error: WebSocketError, code: UInt16) {
    guard let context else { return }
    let wasClosing = isClosing
    end(error)
    if wasClosing {
      context.close(promise: nil)
    } else {
      sendClose(code, context)
      context.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case NIOWebSocketError.invalidFrameLength:
      fail(WebSocketError(.tooLarge, "The server sends a frame larger than \(limits.maximumFrame) bytes."), code: 1009)
    case is NIOWebSocketError:
      fail(WebSocketError(.violation, "The server sends control frames that are too long or in parts."), code: 1002)
    default: fail(Self.lost, code: 1002)
    }
  }

  // MARK: Receiving

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard self.context != nil else { return }
    let frame = unwrapInboundIn(data)
    if !frame.opcode.isControlOpcode {
      frames.spend(1)
      bytes.spend(frame.data.readableBytes)
    }
    do throws(WebSocketError) {
      switch try assembly.append(frame) {
      case .nothing: break
      case .message(let message):
        arrived.count = 0
        received.append(message)
      case .ping(let payload): pong(payload, context)
      case .pong: awaitsPong = false
      case .close(let code): serverCloses(code, context)
      }
    } catch {
      fail(error, code: error.code == .tooLarge ? 1009 : 1002)
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    context.flush()
    readMore()
  }

  /// Reads on if there is space, and in time.
  func readMore() {
    guard let context, !isPaused, received.mayRead() else { return }
    let now = NIODeadline.now().uptimeNanoseconds
    frames.refill(now: now)
    bytes.refill(now: now)
    // Others may hold the memory that a long message takes.
    let isScarce = !share.admits(arrived.count + received.bytes)
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

  private func serverCloses(_ code: Int, _ context: ChannelHandlerContext) {
    let wasClosing = isClosing
    end(WebSocketError(.closed, "The server closed the connection (code \(code)).", closeCode: code))
    if !wasClosing { sendClose(code == 1005 ? nil : UInt16(clamping: code), context) }
    context.close(promise: nil)
  }

  // MARK: Sending

  /// Hands what waits to the network.
  func flushUnsent() {
    let messages = unsent.removeAll()
    guard let context, !isClosing else {
      unsent.sent(messages.reduce(0) { $0 + $1.readableBytes })
      return
    }
    for message in messages {
      let size = message.readableBytes
      let done = context.eventLoop.makePromise(of: Void.self)
      done.futureResult.whenComplete { [unsent] _ in unsent.sent(size) }
      let frame = WebSocketFrame(fin: true, opcode: .text, maskKey: .random(), data: message)
      context.write(wrapOutboundOut(frame), promise: done)
    }
    context.flush()
  }

  private func pong(_ payload: ByteBuffer, _ context: ChannelHandlerContext) {
    guard waitingPongs < Self.maximumPongs, !isClosing else { return }
    waitingPongs += 1
    let own = NIOLoopBound(self, eventLoop: context.eventLoop)
    let done = context.eventLoop.makePromise(of: Void.self)
    done.futureResult.whenComplete { _ in own.value.waitingPongs -= 1 }
    let frame = WebSocketFrame(fin: true, opcode: .pong, maskKey: .random(), data: payload)
    context.write(wrapOutboundOut(frame), promise: done)
  }

  private func ping() {
    guard let context, !isClosing else { return }
    // Where reading has stopped for want of space or time, the pong may be waiting unread.
    if awaitsPong, !received.isStopped, !isPaused {
      return fail(WebSocketError(.timeout, "The server does not answer pings any more."), code: 1002)
    }
    awaitsPong = true
    let frame = WebSocketFrame(fin: true, opcode: .ping, maskKey: .random(), data: ByteBuffer())
    context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
  }

  // MARK: Closing

  /// Closes at our wish.
  func close(code: UInt16) {
    guard let context, !isClosing else { return }
    flushUnsent()
    isOurs = true
    unsent.close()
    sendClose(code, context)
    received.finish(.success(()))
    let own = NIOLoopBound(self, eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(in: .nanoseconds(limits.closeTimeout.nanoseconds)) {
      own.value.context?.close(promise: nil)
    }
    // The server's close frame is behind what nobody takes any more.
    context.read()
  }

  private func sendClose(_ code: UInt16?, _ context: ChannelHandlerContext) {
    isClosing = true
    var payload = ByteBuffer()
    if let code { payload.writeInteger(code) }
    let frame = WebSocketFrame(fin: true, opcode: .connectionClose, maskKey: .random(), data: payload)
    context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
  }
}

extension Duration {
  /// Whole nanoseconds, saturating.
  var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow
      ? (seconds < 0 ? .min : .max) : product.addingReportingOverflow(attoseconds / 1_000_000_000).partialValue
  }
}
