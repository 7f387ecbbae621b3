import Basics
import BotConnections
import Dispatch
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Secrets

/// The connection's own side: connects, and again when it was lost, sends what is queued and gives answers to whom they
/// belong.
///
/// `@unchecked Sendable`: the variables are touched on the event loop only; the rest is immutable and `Sendable`.
final class RedisLine: @unchecked Sendable {
  /// One attempt to connect, and the connection that comes of it.
  private enum Phase {
    /// Waits for the next attempt.
    case apart
    /// Connects, or says what is said first.
    case greeting(Handshake?)
    case ready
    case closed
  }

  let loop: any EventLoop
  private let settings: RedisSettings
  private let tls: NIOSSLContext?
  private let queue: RedisQueue
  let metrics = RedisMetrics()
  private let log: Logger
  private let changed: @Sendable (RedisState) -> Void

  private var phase = Phase.apart
  private var channel: (any Channel)?
  private var parser: RESPParser
  private var pipeline = CommandPipeline<QueuedCommand?>()
  private var pause = ReconnectPause()
  private var random = SystemRandomNumberGenerator()
  /// Grows with each attempt: what an earlier one still does is of no interest.
  private var attempt = 0
  private var timer: (task: Scheduled<Void>, at: Int64)?
  private var lastSent: Int64 = 0
  private var lastLogged: String?

  /// A connection that is silent for this long is asked whether it lives.
  private static let silence: Int64 = 1_000_000_000

  init(
    _ settings: RedisSettings, tls: NIOSSLContext?, queue: RedisQueue, loop: any EventLoop, log: Logger,
    changed: @escaping @Sendable (RedisState) -> Void
  ) {
    self.settings = settings
    self.tls = tls
    self.queue = queue
    self.loop = loop
    self.log = log
    self.changed = changed
    parser = RESPParser(settings.answers)
    metrics.connected.record(0)
  }

  // MARK: Connecting

  func connect() {
    guard case .apart = phase else { return }
    phase = .greeting(nil)
    attempt += 1
    let attempt = attempt
    parser = RESPParser(settings.answers)
    let limit = TimeAmount.nanoseconds(settings.connectTimeout.nanoseconds)
    loop.scheduleTask(in: limit) {
      guard attempt == self.attempt, case .greeting = self.phase else { return }
      self.lose("\(self.settings.address.place) does not answer")
    }
    guard let secret = settings.password else { return open(attempt, password: nil) }
    // A file is read, which may take its time.
    DispatchQueue.global().async {
      let password = Result { () throws(Secret.ReadingError) in try secret.read() }
      self.loop.execute {
        guard attempt == self.attempt, case .greeting = self.phase else { return }
        switch password {
        case .success(let text): self.open(attempt, password: text)
        case .failure(let error): self.lose("\(error)")
        }
      }
    }
  }

  private func open(_ attempt: Int, password: String?) {
    let greeting = Handshake(user: settings.address.user, password: password, database: settings.address.database)
    let name = settings.serverName ?? settings.address.host
    ClientBootstrap(group: loop)
      .connectTimeout(.nanoseconds(settings.connectTimeout.nanoseconds))
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .resolver(ThreadedResolver(loop: loop))
      .channelInitializer { [tls] channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let tls {
            try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: TLSContext.name(name)))
          }
          try pipeline.addHandler(AnswerHandler(line: self, attempt: attempt))
        }
      }
      .connect(host: settings.address.host, port: settings.address.port)
      .whenComplete { result in
        guard attempt == self.attempt, case .greeting = self.phase else {
          if case .success(let channel) = result { channel.close(promise: nil) }
          return
        }
        switch result {
        case .failure(let error): self.failed(error, attempt)
        case .success(let channel):
          self.channel = channel
          self.phase = .greeting(greeting)
          channel.writeAndFlush(ByteBuffer(bytes: greeting.commands.flatMap(\.wire)), promise: nil)
        }
      }
  }

  // MARK: What comes

  func received(_ bytes: ByteBuffer, _ attempt: Int) {
    guard attempt == self.attempt else { return }
    var answers: [RESPValue] = []
    var failure: RESPError?
    let input = Array(bytes.readableBytesView)
    do throws(RESPError) { try parser.feed(input.span) { answers.append($0) } } catch { failure = error }
    for answer in answers where attempt == self.attempt { take(answer) }
    if let failure, attempt == self.attempt { lose(failure.description) }
  }

  private func take(_ answer: RESPValue) {
    switch phase {
    case .apart, .closed: break
    case .greeting(var greeting?):
      do throws(HandshakeError) { try greeting.answered(answer) } catch { return lose(error.description) }
      phase = .greeting(greeting)
      if greeting.isOver { becomeReady(version: greeting.version ?? "") }
    case .greeting(nil): lose("it answers what it was not asked")
    case .ready:
      let (answered, bytes) = pipeline.answered(now: MonotonicClock.nanoseconds)
      if case .unasked = answered { return lose("it answers what it was not asked") }
      // The line's own question is nobody's in the queue.
      if bytes > 0 { queue.release(count: 1, bytes: bytes) }
      switch answered {
      case .unasked, .waiter(nil, took: _): break
      case .late: metrics.late.increment()
      case .waiter(let command?, let took):
        metrics.time.recordNanoseconds(took)
        var result: Result<RESPValue, RedisError> = .success(answer)
        if case .refusal(let text) = answer { result = .failure(RedisError(refusal: text)) } else { pause.reset() }
        finish(command, result)
        // Another server has taken over; the address may lead there by now.
        if case .failure(let error) = result, error.isDemotion { lose("it has become a copy of another server") }
      }
    }
  }

  private func becomeReady(version: String) {
    phase = .ready
    lastLogged = nil
    lastSent = MonotonicClock.nanoseconds
    metrics.connected.record(1)
    metrics.connections.increment()
    log.notice("Redis is connected", metadata: ["redis": "\(settings.address)", "version": "\(version)"])
    queue.state = .connected(version: version)
    changed(queue.state)
    look(attempt)
  }

  // MARK: What is sent

  /// Sends what is queued.
  func sendQueued() {
    let commands = queue.take()
    guard case .ready = phase, let channel else {
      let error: RedisError = if case .closed = phase { .closed } else { .lost("it was lost a moment ago") }
      for command in commands { drop(command, error) }
      return
    }
    let now = MonotonicClock.nanoseconds
    var bytes = ByteBuffer()
    for command in commands {
      guard now < command.deadline else {
        drop(command, .timeout)
        continue
      }
      bytes.writeBytes(command.wire)
      pipeline.sent(command, bytes: command.wire.count, deadline: command.deadline, now: now)
    }
    guard bytes.readableBytes > 0 else { return }
    lastSent = now
    channel.writeAndFlush(bytes, promise: nil)
    arm()
  }

  /// A command that was not sent.
  private func drop(_ command: QueuedCommand, _ error: RedisError) {
    queue.release(count: 1, bytes: command.wire.count)
    finish(command, .failure(error))
  }

  private func finish(_ command: QueuedCommand, _ result: Result<RESPValue, RedisError>) {
    metrics.over(result)
    command.done(result)
  }

  // MARK: Time

  /// Sees to it that the next command whose time is over hears of it.
  private func arm() {
    guard let next = pipeline.nextDeadline, next < timer?.at ?? .max else { return }
    timer?.task.cancel()
    let wait = max(0, next - MonotonicClock.nanoseconds)
    let task = loop.scheduleTask(in: .nanoseconds(wait)) {
      self.timer = nil
      for case let command? in self.pipeline.expire(now: MonotonicClock.nanoseconds) {
        self.finish(command, .failure(.timeout))
      }
      self.arm()
    }
    timer = (task, next)
  }

  /// Looks now and then whether the server still answers.
  private func look(_ attempt: Int) {
    loop.scheduleTask(in: .milliseconds(250)) {
      guard attempt == self.attempt, case .ready = self.phase else { return }
      let now = MonotonicClock.nanoseconds
      if let oldest = self.pipeline.oldest, now - oldest >= self.settings.stall.nanoseconds {
        return self.lose("\(self.settings.address.place) has stopped answering")
      }
      if self.pipeline.count == 0, now - self.lastSent >= Self.silence {
        self.lastSent = now
        self.pipeline.sent(nil, bytes: 0, deadline: .max, now: now)
        self.channel?.writeAndFlush(ByteBuffer(bytes: RedisCommand("PING").wire), promise: nil)
      }
      self.look(attempt)
    }
  }

  // MARK: The end of a connection

  /// The network's error, or TLS's.
  func failed(_ error: any Error, _ attempt: Int) {
    guard attempt == self.attempt else { return }
    let name = settings.serverName ?? settings.address.host
    lose(ConnectionError(error, at: settings.address.place, name: name).message)
  }

  func ended(_ attempt: Int) {
    guard attempt == self.attempt else { return }
    lose("\(settings.address.place) closed the connection")
  }

  /// The connection cannot be made, or is of no use any more: another is made after a pause.
  private func lose(_ reason: String) {
    switch phase {
    case .apart, .closed: return
    case .greeting, .ready: break
    }
    phase = .apart
    queue.state = .unreachable(reason)
    metrics.connected.record(0)
    giveUp(.lost(reason))
    if lastLogged != reason {
      lastLogged = reason
      log.warning("Redis is not reachable", metadata: ["redis": "\(settings.address)", "reason": "\(reason)"])
    }
    changed(queue.state)
    let wait = pause.next(using: &random)
    loop.scheduleTask(in: .nanoseconds(wait.nanoseconds)) { self.connect() }
  }

  /// For good.
  func close() {
    if case .closed = phase { return }
    queue.state = .closed
    phase = .closed
    metrics.connected.record(0)
    giveUp(.closed)
  }

  private func giveUp(_ error: RedisError) {
    attempt += 1
    channel?.close(promise: nil)
    channel = nil
    timer?.task.cancel()
    timer = nil
    let dropped = pipeline.drop()
    let waiting = queue.take()
    // The line's own questions are not counted in the queue: they have no bytes.
    queue.release(count: dropped.counted, bytes: dropped.bytes)
    for case let command? in dropped.waiters { finish(command, .failure(error)) }
    for command in waiting { drop(command, error) }
  }
}

/// Hands on what comes over one connection.
private final class AnswerHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let line: RedisLine
  private let attempt: Int

  init(line: RedisLine, attempt: Int) {
    self.line = line
    self.attempt = attempt
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) { line.received(unwrapInboundIn(data), attempt) }
  func channelInactive(context: ChannelHandlerContext) { line.ended(attempt) }
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // The server is gone without TLS's own farewell; `channelInactive` follows.
    if let error = error as? NIOSSLError, case .uncleanShutdown = error { return }
    line.failed(error, attempt)
    context.close(promise: nil)
  }
}
