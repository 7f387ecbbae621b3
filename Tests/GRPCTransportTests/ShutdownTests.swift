import GRPCTransport
import Glibc
import Testing

@Suite("Shutting down", .timeLimit(.minutes(1)))
struct ShutdownTests {
  @Test("a live call may finish within the grace, and no new one begins")
  func graceful() async throws {
    let recorded = RecordedMethod { call, event in
      if event == .halfClosed { call.finish() }
      if case .received(let bytes) = event { call.send(bytes) }
    }
    let loopback = try Loopback(methods: [recorded.method])
    let stream = await loopback.channel.call(path: RecordedMethod.path)
    var messages = stream.messages.makeAsyncIterator()
    try await stream.send([1])
    #expect(await messages.next() == [1])
    #expect(loopback.server.liveCalls == 1)
    let shutdown = Task { await loopback.server.shutdown(grace: .seconds(20)) }
    try await Task.sleep(for: .milliseconds(100))
    try await stream.send([2])
    #expect(await messages.next() == [2])
    let late = await loopback.channel.call(path: RecordedMethod.path, deadline: .milliseconds(200))
    #expect([.unavailable, .deadlineExceeded].contains(await late.status().code))
    stream.halfClose()
    #expect(await stream.status() == .ok)
    await shutdown.value
    #expect(await recorded.all().last == .ended(.completed))
    await loopback.stop()
  }

  @Test("calls that outlast the grace are cancelled")
  func forced() async throws {
    let recorded = RecordedMethod()
    let loopback = try Loopback(methods: [recorded.method])
    let stream = await loopback.channel.call(path: RecordedMethod.path)
    try await stream.send([1])
    var events = recorded.events.makeAsyncIterator()
    #expect(await events.next() == .received([1]))
    let start = ContinuousClock.now
    await loopback.server.shutdown(grace: .milliseconds(200))
    let elapsed = ContinuousClock.now - start
    #expect(elapsed >= .milliseconds(200) && elapsed < .seconds(5))
    #expect(await events.next() == .ended(.cancelled))
    #expect(await stream.status().code != .ok)
    await loopback.stop()
  }

  @Test("closing a channel cancels its calls; a call on a closed channel is UNAVAILABLE")
  func closedChannel() async throws {
    try await withLoopback([EchoHandler.method]) { loopback in
      let stream = await loopback.channel.call(path: "/test.Echo/Echo")
      try await stream.send([1])
      loopback.channel.close()
      #expect(await stream.status().code == .cancelled)
      await #expect(throws: RPCStatus(.unavailable, "the channel is closed")) {
        try await loopback.channel.unary(path: "/test.Echo/Echo", message: [])
      }
    }
  }

  @Test("without a server a call is UNAVAILABLE at once, or waits up to its deadline where the channel says so")
  func noServer() async throws {
    let group = try EventLoopGroup(logger: .init(label: "test"))
    let port = try UnheardPort()
    for (waits, deadline, code) in [
      (false, Duration.seconds(20), RPCStatus.Code.unavailable), (true, .milliseconds(300), .deadlineExceeded),
    ] {
      let channel = try GRPCChannel(
        target: "127.0.0.1:\(port.number)", loop: group.loops[0], options: .init(waitsForConnection: waits))
      let stream = await channel.call(path: "/test.Echo/Echo", deadline: deadline)
      #expect(await stream.status().code == code)
      channel.close()
    }
    await group.shutdown()
  }

  @Test("a client's live calls end when its loops are shut down")
  func loopsWithLiveCalls() async throws {
    let loopback = try Loopback(methods: [EchoHandler.method])
    let clients = try EventLoopGroup(logger: .init(label: "test"))
    let channel = try GRPCChannel(target: "127.0.0.1:\(loopback.port)", loop: clients.loops[0])
    let stream = await channel.call(path: "/test.Echo/Echo")
    try await stream.send([1])
    await clients.shutdown()
    #expect(await stream.status().code == .cancelled)
    await loopback.stop()
  }

  @Test("a call that is opened in the moment of the shutdown ends like any other", arguments: 0..<10)
  func callAtShutdown(round: Int) async throws {
    let loopback = try Loopback(methods: [EchoHandler.method])
    let clients = try EventLoopGroup(logger: .init(label: "test"))
    let channel = try GRPCChannel(target: "127.0.0.1:\(loopback.port)", loop: clients.loops[0])
    let ends = Log<RPCStatus.Code>()
    clients.loops[0].execute {
      for _ in 0..<3 { channel.startCall(path: "/test.Echo/Echo", handler: EndRecorder(ends)) }
    }
    await clients.shutdown()
    #expect(ends.all == [.cancelled, .cancelled, .cancelled])
    await loopback.stop()
  }

  @Test("a call whose answer came in before the shutdown and was not looked at yet ends once", arguments: 0..<5)
  func answerAtShutdown(round: Int) async throws {
    let recorded = RecordedMethod { call, event in
      guard case .received(let bytes) = event else { return }
      call.send(bytes)
      call.finish()
    }
    let loopback = try Loopback(methods: [recorded.method])
    let clients = try EventLoopGroup(logger: .init(label: "test"))
    let channel = try GRPCChannel(target: "127.0.0.1:\(loopback.port)", loop: clients.loops[0])
    let first = await channel.call(path: RecordedMethod.path)
    try await first.send([1])
    #expect(await first.status() == .ok)
    let ends = Log<RPCStatus.Code>()
    clients.loops[0].execute {
      let call = channel.startCall(path: RecordedMethod.path, handler: EndRecorder(ends))
      call?.send([2])
      // The next round of the loop: the message has left, and until the shutdown nothing that comes in is looked at.
      channel.loop.execute { usleep(500_000) }
    }
    await clients.shutdown()
    // The answer and the cancellation meet: either may be first.
    #expect(ends.all == [.ok] || ends.all == [.cancelled])
    await loopback.stop()
  }

  @Test("letting go of a stream cancels its call")
  func droppedStream() async throws {
    let recorded = RecordedMethod()
    try await withLoopback([recorded.method]) { loopback in
      var events = recorded.events.makeAsyncIterator()
      do {
        let stream = await loopback.channel.call(path: RecordedMethod.path)
        try await stream.send([1])
        #expect(await events.next() == .received([1]))
      }
      #expect(await events.next() == .ended(.cancelled))
    }
  }
}

/// Writes down how a client's call ended.
private final class EndRecorder: ClientCallHandler {
  let ends: Log<RPCStatus.Code>
  init(_ ends: Log<RPCStatus.Code>) { self.ends = ends }
  func received(_ bytes: UnsafeRawBufferPointer) {}
  func ended(_ status: RPCStatus, trailingMetadata: Metadata) { ends.add(status.code) }
}
