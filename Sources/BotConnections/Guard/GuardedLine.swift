import NIOCore
import NIOPosix
import NIOSSL

/// One connection of the core's, carried to the bot and back.
///
/// Each side is read only while the other one can be written to: no more than some tens of kilobytes wait here in each
/// direction.
///
/// `@unchecked Sendable`: everything happens on the two channels' event loop, which is the same.
final class GuardedLine: @unchecked Sendable {
  static var allocator: any RecvByteBufferAllocator {
    AdaptiveRecvByteBufferAllocator(minimum: 1_024, initial: 2_048, maximum: 16_384)
  }
  static let watermark = ChannelOptions.Types.WriteBufferWaterMark(low: 32_768, high: 65_536)
  /// Bytes that the kernel holds where nobody reads. When the bot closes they are all read at once.
  private static let receiveBuffer: SocketOptionValue = 262_144
  /// How long the last bytes to the bot may take.
  private static let farewell = TimeAmount.seconds(1)

  private let shared: GuardedBot
  private let core: any Channel
  private let loop: any EventLoop
  private var scanner: FrameScanner
  private var number = 0
  private var bot: (any Channel)?
  /// TCP and TLS stand.
  private var isReady = false
  private var isStanding = false
  private var isOver = false
  private var isPaused = false
  private var deadline: Scheduled<Void>?

  init(bot: GuardedBot, core: any Channel) {
    shared = bot
    self.core = core
    loop = core.eventLoop
    scanner = FrameScanner(bot.limits)
  }

  private static var now: UInt64 { NIODeadline.now().uptimeNanoseconds }

  // MARK: Connecting

  func begin() {
    guard let number = shared.begin(now: Self.now) else {
      core.close(promise: nil)
      return
    }
    self.number = number
    deadline = loop.scheduleTask(in: shared.connectTimeout) { [self] in
      let milliseconds = shared.connectTimeout.nanoseconds / 1_000_000
      fail(
        isReady
          ? "\(shared.address) takes the connection, and says nothing within \(milliseconds) ms"
          : "\(shared.address) does not answer within \(milliseconds) ms")
    }
    let tls = shared.tls
    let name = shared.name
    ClientBootstrap(group: loop)
      .connectTimeout(shared.connectTimeout + .seconds(1))  // the deadline comes first
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(.socketOption(.so_rcvbuf), value: Self.receiveBuffer)
      .channelOption(.maxMessagesPerRead, value: 1)
      .channelOption(.recvAllocator, value: Self.allocator)
      .channelOption(.writeBufferWaterMark, value: Self.watermark)
      .resolver(ThreadedResolver(loop: loop))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let tls {
            try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: TLSContext.name(name)))
          }
          try pipeline.addHandler(BotSide(self, isSecure: tls != nil))
        }
      }
      .connect(host: shared.host, port: shared.port)
      .whenComplete { [self] result in
        switch result {
        case .success(let channel): if isOver { channel.close(promise: nil) }
        case .failure(let error): failed(error)
        }
      }
  }

  /// The connection to the bot stands. From here on nothing is read but what there is space for.
  func ready(_ channel: any Channel) {
    guard !isOver else {
      channel.close(promise: nil)
      return
    }
    bot = channel
    isReady = true
    channel.setOption(.autoRead, value: false).whenComplete { [self] _ in
      readBot()
      readCore()
    }
  }

  // MARK: Carrying

  func fromCore(_ bytes: ByteBuffer) {
    guard !isOver, let bot else { return }
    scanner.sent(bytes.readableBytesUInt8Span)
    bot.write(bytes, promise: nil)
  }

  func coreIsRead() {
    bot?.flush()
    readCore()
  }

  func readCore() {
    guard !isOver, isReady, let bot, bot.isWritable else { return }
    core.read()
  }

  func fromBot(_ bytes: ByteBuffer) {
    guard !isOver else { return }
    let core = self.core
    do throws(FrameError) {
      try scanner.received(bytes.readableBytesUInt8Span, now: Self.now) { piece in
        switch piece {
        case .pass(let range):
          if let slice = bytes.getSlice(at: bytes.readerIndex + range.lowerBound, length: range.count) {
            core.write(slice, promise: nil)
          }
        case .insert(let inserted): core.write(ByteBuffer(bytes: inserted), promise: nil)
        }
      }
    } catch {
      fail(error.description)
      return
    }
    if !isStanding, scanner.isSettled {
      isStanding = true
      deadline?.cancel()
      shared.stands(number)
    }
  }

  func botIsRead() {
    core.flush()
    readBot()
  }

  func readBot() {
    guard !isOver, isReady, !isPaused, core.isWritable else { return }
    let pause = scanner.pause(now: Self.now)
    guard pause > 0 else {
      bot?.read()
      return
    }
    isPaused = true
    loop.scheduleTask(in: .nanoseconds(max(pause, 1_000_000))) { [self] in
      isPaused = false
      readBot()
    }
  }

  // MARK: Ending

  /// Something is wrong with the connection to the bot.
  func failed(_ error: any Error) {
    if isReady, !isStanding, error is IOError {
      fail(closedEarly)
    } else {
      fail(ConnectionError(error, at: shared.address, name: shared.name).message)
    }
  }

  /// Closes both sides, for a reason that the core's calls are told.
  func fail(_ reason: String) {
    guard end() else { return }
    shared.ended(number, reason)
    core.close(promise: nil)
    bot?.close(promise: nil)
  }

  /// What it said before is handed on.
  func botIsGone() {
    guard end() else { return }
    shared.ended(number, isStanding ? "it closed the connection" : closedEarly)
    core.writeAndFlush(ByteBuffer()).whenComplete { [core] _ in core.close(promise: nil) }
  }

  /// The core has closed its end.
  func coreIsGone() {
    guard end(), let bot else { return }
    bot.writeAndFlush(ByteBuffer()).whenComplete { _ in bot.close(promise: nil) }
    loop.scheduleTask(in: Self.farewell) { bot.close(promise: nil) }
  }

  /// With TLS 1.3 a server that wants a certificate says so after the handshake, and often nothing of it arrives.
  private var closedEarly: String {
    let what = "\(shared.address) closed the connection before it spoke HTTP/2"
    return shared.tls == nil || !isReady
      ? what : what + "; it may want a certificate of ours, or another one (`tls.certificate`, `tls.key`)"
  }

  private func end() -> Bool {
    guard !isOver else { return false }
    isOver = true
    deadline?.cancel()
    return true
  }
}
