import GRPCTransport
import Testing

@Suite("A status waits for the client's half-close", .timeLimit(.minutes(1)))
struct StatusHoldTests {
  /// Answers each call's first message with a message and a status.
  private static func answering(_ status: RPCStatus = .ok, lingering: Duration = .zero) -> RecordedMethod {
    RecordedMethod { call, event in
      guard case .received = event else { return }
      call.send([7])
      call.finish(status, lingering: lingering)
    }
  }

  private static func elapsed(_ body: () async throws -> Void) async rethrows -> Duration {
    let start = ContinuousClock.now
    try await body()
    return ContinuousClock.now - start
  }

  @Test(
    "the last message leaves at once, the status after the half-close",
    arguments: [RPCStatus.ok, .init(.aborted, "no")])
  func waits(status: RPCStatus) async throws {
    let recorded = Self.answering(status)
    try await withLoopback([recorded.method], configure: { $0.statusHold = .seconds(20) }) { loopback in
      let stream = await loopback.channel.call(path: RecordedMethod.path)
      try await stream.send([1])
      var messages = stream.messages.makeAsyncIterator()
      #expect(await messages.next() == [7])
      try await Task.sleep(for: .milliseconds(300))
      #expect(loopback.server.liveCalls == 1)
      stream.halfClose()
      let time = await Self.elapsed { #expect(await stream.status() == status) }
      #expect(time < .seconds(5))
      #expect(await recorded.all() == [.received([1]), .ended(.completed)])
    }
  }

  @Test("a client that never half-closes has its status after the hold, and at once where there is none")
  func runsOut() async throws {
    for hold in [Duration.zero, .milliseconds(400)] {
      let recorded = Self.answering()
      try await withLoopback([recorded.method], configure: { $0.statusHold = hold }) { loopback in
        _ = try? await loopback.channel.unary(path: "/test.Echo/Missing", message: [])
        let stream = await loopback.channel.call(path: RecordedMethod.path)
        try await stream.send([1])
        let time = await Self.elapsed { #expect(await stream.status() == .ok) }
        #expect(time >= hold && time < .seconds(20), "\(time)")
      }
    }
  }

  @Test("the hold may change while the server runs")
  func changes() async throws {
    let recorded = Self.answering()
    try await withLoopback([recorded.method], configure: { $0.statusHold = .seconds(20) }) { loopback in
      loopback.server.statusHold = .milliseconds(50)
      let stream = await loopback.channel.call(path: RecordedMethod.path)
      try await stream.send([1])
      let time = await Self.elapsed { #expect(await stream.status() == .ok) }
      #expect(time < .seconds(5))
    }
  }

  @Test("a status is there before the client's deadline, however long it might wait")
  func deadline() async throws {
    let recorded = Self.answering()
    try await withLoopback([recorded.method], configure: { $0.statusHold = .seconds(20) }) { loopback in
      let stream = await loopback.channel.call(path: RecordedMethod.path, deadline: .seconds(2))
      try await stream.send([1])
      #expect(await stream.status() == .ok)
    }
  }

  @Test("what a client sends meanwhile is thrown away; one that sends without end is not waited for")
  func discards() async throws {
    let recorded = Self.answering()
    try await withLoopback([recorded.method], configure: { $0.statusHold = .seconds(20) }) { loopback in
      let stream = await loopback.channel.call(path: RecordedMethod.path)
      for _ in 0..<10 { try await stream.send([1]) }
      try await Task.sleep(for: .milliseconds(200))
      #expect(loopback.server.liveCalls == 1)
      let time = await Self.elapsed {
        do { while true { try await stream.send([UInt8](repeating: 1, count: 16_384)) } } catch {}
        #expect(await stream.status() == .ok)
      }
      #expect(time < .seconds(10))
      #expect(await recorded.all() == [.received([1]), .ended(.completed)])
    }
  }

  @Test("a client that cancels meanwhile is told to the handler")
  func cancelled() async throws {
    let recorded = Self.answering()
    try await withLoopback([recorded.method], configure: { $0.statusHold = .seconds(20) }) { loopback in
      let stream = await loopback.channel.call(path: RecordedMethod.path)
      try await stream.send([1])
      var messages = stream.messages.makeAsyncIterator()
      #expect(await messages.next() == [7])
      stream.cancel()
      #expect(await recorded.all() == [.received([1]), .ended(.cancelled)])
    }
  }

  @Test("a status that lingers shows whether a client that has half-closed cancels", arguments: [false, true])
  func lingers(cancels: Bool) async throws {
    let recorded = Self.answering(lingering: .milliseconds(400))
    try await withLoopback([recorded.method]) { loopback in
      let stream = await loopback.channel.call(path: RecordedMethod.path)
      try await stream.send([1])
      stream.halfClose()
      var messages = stream.messages.makeAsyncIterator()
      #expect(await messages.next() == [7])
      if cancels {
        try await Task.sleep(for: .milliseconds(50))
        stream.cancel()
      } else {
        let time = await Self.elapsed { #expect(await stream.status() == .ok) }
        #expect(time >= .milliseconds(350) && time < .seconds(20), "\(time)")
      }
      #expect(await recorded.all() == [.received([1]), .ended(cancels ? .cancelled : .completed)])
    }
  }

  @Test(
    "no reset of the stream follows a status that has waited; without a hold there is one", arguments: [true, false])
  func noReset(holds: Bool) async throws {
    let recorded = Self.answering()
    try await withLoopback([recorded.method], configure: { $0.statusHold = holds ? .seconds(20) : .zero }) { loopback in
      let client = try RawClient(port: loopback.port)
      client.startCall(path: RecordedMethod.path)
      client.sendMessage([1])
      try await Task.sleep(for: .milliseconds(200))
      client.sendMessage([2], last: true)
      let answer = await client.read(until: "grpc-status")
      let more = await client.read(until: "nothing")
      #expect(RawClient.frames(in: answer + more).contains { $0.type == 3 } != holds)
      client.close()
    }
  }

  @Test("a call that is refused unread is whole when its status leaves, and is not read", arguments: [true, false])
  func unread(isHalfClosed: Bool) async throws {
    let recorded = RecordedMethod(begin: { $0.finish(RPCStatus(.unauthenticated, "no")) })
    try await withLoopback([recorded.method], configure: { $0.statusHold = .seconds(20) }) { loopback in
      let client = try RawClient(port: loopback.port)
      client.startCall(path: RecordedMethod.path)
      try await Task.sleep(for: .milliseconds(5))
      client.sendMessage([1], last: isHalfClosed)
      let answer = await client.read(until: "grpc-status\u{2}16")
      let more = await client.read(until: "nothing")
      #expect(String(decoding: answer, as: UTF8.self).contains("grpc-status\u{2}16"))
      #expect(RawClient.frames(in: answer + more).contains { $0.type == 3 } != isHalfClosed)
      #expect(await recorded.all() == [.ended(.completed)])
      client.close()
    }
  }

  @Test("a call that is turned away has its status at once, though its client sends on", arguments: [true, false])
  func turnedAway(isRead: Bool) async throws {
    let method = ServerMethod(path: RecordedMethod.path) { call in
      if isRead { call.startReading() }
      call.turnAway(RPCStatus(.aborted, "not here"), trailingMetadata: [("why", "not-owner")])
      return FinishedCallHandler()
    }
    try await withLoopback([method], configure: { $0.statusHold = .seconds(600) }) { loopback in
      let stream = await loopback.channel.call(path: RecordedMethod.path)
      #expect(await stream.status() == RPCStatus(.aborted, "not here"))
    }
  }

  @Test("of calls that are refused unread, so many at most are waited for")
  func manyUnread() async throws {
    let method = ServerMethod(path: RecordedMethod.path) { call in
      call.finish(RPCStatus(.unauthenticated, "no"))
      return FinishedCallHandler()
    }
    try await withLoopback([method], configure: { $0.statusHold = .seconds(20) }) { loopback in
      var streams: [ClientStream] = []
      for _ in 0..<600 { streams.append(await loopback.channel.call(path: RecordedMethod.path)) }
      for stream in streams { #expect(await stream.status() == RPCStatus(.unauthenticated, "no")) }
    }
  }

  @Test("a server that shuts down waits for statuses that wait, no longer")
  func shutdown() async throws {
    let recorded = Self.answering()
    let loopback = try Loopback(methods: [recorded.method], configure: { $0.statusHold = .milliseconds(500) })
    let stream = await loopback.channel.call(path: RecordedMethod.path)
    try await stream.send([1])
    var messages = stream.messages.makeAsyncIterator()
    #expect(await messages.next() == [7])
    #expect(await Self.elapsed { await loopback.server.shutdown(grace: .seconds(20)) } < .seconds(5))
    #expect(await stream.status() == .ok)
    await loopback.stop()
  }
}

extension RawClient {
  /// The frames that a server has sent.
  static func frames(in bytes: [UInt8]) -> [(type: UInt8, flags: UInt8)] {
    var frames: [(type: UInt8, flags: UInt8)] = []
    var rest = bytes[...]
    while rest.count >= 9 {
      let head = Array(rest.prefix(9))
      frames.append((head[3], head[4]))
      rest = rest.dropFirst(9 + Int(head[0]) << 16 + Int(head[1]) << 8 + Int(head[2]))
    }
    return frames
  }
}
