import GRPCTransport
import Testing

@Suite("How calls end", .timeLimit(.minutes(1)))
struct CallEndTests {
  @Test("an unknown method is UNIMPLEMENTED at once")
  func unknownMethod() async throws {
    try await withLoopback([EchoHandler.method]) { loopback in
      let start = ContinuousClock.now
      await #expect(throws: RPCStatus(.unimplemented, "no such method")) {
        try await loopback.channel.unary(path: "/test.Echo/Missing", message: [1], deadline: .seconds(20))
      }
      #expect(ContinuousClock.now - start < .seconds(5))
    }
  }

  @Test(
    "every status goes over with its message",
    arguments: RPCStatus.Code.allCases.filter { $0 != .ok },
    ["", "plain", "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n", "100 %"])
  func statuses(_ code: RPCStatus.Code, _ message: String) async throws {
    let method = ServerMethod.unary(path: "/test.Fail/Fail") { _ throws(RPCStatus) in throw RPCStatus(code, message) }
    try await withLoopback([method]) { loopback in
      await #expect(throws: RPCStatus(code, message)) {
        try await loopback.channel.unary(path: "/test.Fail/Fail", message: [])
      }
    }
  }

  @Test("a client that cancels ends the call as cancelled, and never as half-closed", arguments: 0..<20)
  func clientCancels(round: Int) async throws {
    let recorded = RecordedMethod()
    try await withLoopback([recorded.method]) { loopback in
      let stream = await loopback.channel.call(path: RecordedMethod.path)
      try await stream.send([1])
      var events = recorded.events.makeAsyncIterator()
      #expect(await events.next() == .received([1]))
      stream.cancel()
      #expect(await stream.status().code == .cancelled)
      #expect(await events.next() == .ended(.cancelled))
      #expect(await events.next() == nil)
    }
  }

  @Test("a deadline that passes ends both sides, and never looks half-closed", arguments: 0..<5)
  func deadline(round: Int) async throws {
    let recorded = RecordedMethod()
    try await withLoopback([recorded.method, EchoHandler.method]) { loopback in
      // Connected first, so that the deadline finds the call on the server.
      _ = try await loopback.channel.unary(path: "/test.Echo/Echo", message: [])
      let stream = await loopback.channel.call(path: RecordedMethod.path, deadline: .seconds(1))
      try await stream.send([1])
      let status = await stream.status()
      #expect(status.code == .deadlineExceeded)
      let events = await recorded.all()
      #expect(events == [.received([1]), .ended(.cancelled)])
    }
  }

  @Test("the server sees how long the client gives it", arguments: [nil, Duration.seconds(40)])
  func timeRemaining(deadline: Duration?) async throws {
    let method = ServerMethod.unaryStream(path: "/test.Deadline/Get") { call in
      call.send(Array((call.timeRemaining.map { "\($0.components.seconds)" } ?? "none").utf8))
      call.finish()
    }
    try await withLoopback([method]) { loopback in
      let answer = try await loopback.channel.unary(path: "/test.Deadline/Get", message: [], deadline: deadline)
      let text = String(decoding: answer, as: UTF8.self)
      if deadline == nil { #expect(text == "none") } else { #expect((30...40).contains(Int(text) ?? 0)) }
    }
  }

  @Test("a connection that is lost ends the call as cancelled, and never as half-closed", arguments: 0..<5)
  func connectionLost(round: Int) async throws {
    let recorded = RecordedMethod()
    try await withLoopback([recorded.method]) { loopback in
      let client = try RawClient(port: loopback.port)
      client.startCall(path: RecordedMethod.path)
      client.sendMessage([1])
      var events = recorded.events.makeAsyncIterator()
      #expect(await events.next() == .received([1]))
      client.close()
      #expect(await events.next() == .ended(.cancelled))
    }
  }

  @Test("a stream that is reset right behind its data is cancelled, and never half-closed", arguments: 0..<20)
  func reset(round: Int) async throws {
    let recorded = RecordedMethod()
    try await withLoopback([recorded.method]) { loopback in
      let client = try RawClient(port: loopback.port)
      client.startCall(path: RecordedMethod.path)
      client.sendMessage([1])
      client.reset()
      let events = await recorded.all()
      #expect(!events.contains(.halfClosed))
      #expect(events.last == .ended(.cancelled))
      client.close()
    }
  }

  @Test("a half-close with a reset right behind it is cancelled", arguments: 0..<20)
  func halfCloseAndReset(round: Int) async throws {
    let recorded = RecordedMethod()
    try await withLoopback([recorded.method]) { loopback in
      let client = try RawClient(port: loopback.port)
      client.startCall(path: RecordedMethod.path)
      client.sendMessage([1], last: true, thenReset: true)
      let events = await recorded.all()
      #expect(events.last == .ended(.cancelled))
      client.close()
    }
  }

  @Test("a server that cancels ends both sides")
  func serverCancels() async throws {
    let recorded = RecordedMethod { call, event in if case .received = event { call.cancel() } }
    try await withLoopback([recorded.method]) { loopback in
      let stream = await loopback.channel.call(path: RecordedMethod.path)
      try await stream.send([1])
      #expect(await stream.status().code == .cancelled)
      let events = await recorded.all()
      #expect(events == [.received([1]), .ended(.cancelled)])
    }
  }

  @Test("a call is finished once: later finishes and sends have no effect")
  func finishTwice() async throws {
    let recorded = RecordedMethod(begin: { call in
      call.send([1])
      call.finish(RPCStatus(.aborted, "first"))
      call.finish(RPCStatus(.dataLoss, "second"))
      #expect(!call.send([2]))
      #expect(call.finalStatus == RPCStatus(.aborted, "first"))
    })
    try await withLoopback([recorded.method]) { loopback in
      let stream = await loopback.channel.call(path: RecordedMethod.path)
      var messages = stream.messages.makeAsyncIterator()
      #expect(await messages.next() == [1])
      #expect(await messages.next() == nil)
      #expect(await stream.status() == RPCStatus(.aborted, "first"))
      #expect(await recorded.all() == [.ended(.completed)])
    }
  }

  @Test("a status before the client's half-close ends the call while the client still sends")
  func earlyStatus() async throws {
    let recorded = RecordedMethod { call, event in
      if case .received = event { call.finish(RPCStatus(.permissionDenied, "no")) }
    }
    try await withLoopback([recorded.method]) { loopback in
      let stream = await loopback.channel.call(path: RecordedMethod.path)
      try await stream.send([1])
      #expect(await stream.status() == RPCStatus(.permissionDenied, "no"))
      await #expect(throws: RPCStatus(.permissionDenied, "no")) { try await stream.send([2]) }
      #expect(await recorded.all() == [.received([1]), .ended(.completed)])
    }
  }

  @Test("a call can be handed from one handler to the next")
  func handOver() async throws {
    let recorded = RecordedMethod()
    let method = ServerMethod(path: "/test.Gate/Call") { call in
      // The first handler only decides, later, who serves the call.
      let bound = LoopBound(call, loop: call.loop)
      Task {
        try? await Task.sleep(for: .milliseconds(20))
        bound.execute { call in call.setHandler(EchoHandler(call)) }
      }
      return FinishedCallHandler()
    }
    try await withLoopback([recorded.method, method]) { loopback in
      let answer = try await loopback.channel.unary(path: "/test.Gate/Call", message: [4])
      #expect(answer == [4])
    }
  }
}
