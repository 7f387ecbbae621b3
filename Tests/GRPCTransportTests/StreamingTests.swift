import GRPCTransport
import Testing

@Suite("Streaming over a loopback connection", .timeLimit(.minutes(1)))
struct StreamingTests {
  @Test("a bidirectional stream carries messages both ways in order and ends with the server's status")
  func bidirectional() async throws {
    try await withLoopback([EchoHandler.method]) { loopback in
      let stream = await loopback.channel.call(path: "/test.Echo/Echo")
      var messages = stream.messages.makeAsyncIterator()
      for number in 0..<100 as Range<UInt8> {
        try await stream.send([number, 1, 2, 3])
        #expect(await messages.next() == [number, 1, 2, 3])
      }
      stream.halfClose()
      #expect(await messages.next() == nil)
      #expect(await stream.status() == .ok)
    }
  }

  @Test("a client's stream arrives whole and in order before its half-close, which comes once")
  func clientStreaming() async throws {
    let recorded = RecordedMethod { call, event in
      if event == .halfClosed {
        call.send([7])
        call.finish()
      }
    }
    try await withLoopback([recorded.method]) { loopback in
      let stream = await loopback.channel.call(path: RecordedMethod.path)
      for number in 0..<200 as Range<UInt8> { try await stream.send([number]) }
      stream.halfClose()
      var messages = stream.messages.makeAsyncIterator()
      #expect(await messages.next() == [7])
      #expect(await stream.status() == .ok)
      let expected = (0..<200 as Range<UInt8>).map { ServerEvent.received([$0]) } + [.halfClosed, .ended(.completed)]
      #expect(await recorded.all().filter { $0 != .drained } == expected)
    }
  }

  @Test("a server's stream arrives whole and in order, and its status after it")
  func serverStreaming() async throws {
    let method = ServerMethod.unaryStream(path: "/test.Count/Count") { call in
      for number in 0..<1000 { call.send(Array("\(number)".utf8)) }
      call.finish(RPCStatus(.outOfRange, "that is all"))
    }
    try await withLoopback([method]) { loopback in
      let stream = await loopback.channel.call(path: "/test.Count/Count")
      try await stream.send([])
      stream.halfClose()
      var number = 0
      for await message in stream.messages {
        #expect(message == Array("\(number)".utf8))
        number += 1
      }
      #expect(number == 1000)
      #expect(await stream.status() == RPCStatus(.outOfRange, "that is all"))
    }
  }

  @Test("an empty message is a message", arguments: [0, 1, 15, 16_383, 16_384, 65_536, 131_072])
  func messageSizes(_ size: Int) async throws {
    try await withLoopback([EchoHandler.method]) { loopback in
      let message = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      let answer = try await loopback.channel.unary(path: "/test.Echo/Echo", message: message)
      #expect(answer == message)
    }
  }

  @Test("a response of a megabyte leaves although it is over the queue's bound, for it has the queue to itself")
  func largeResponse() async throws {
    let megabyte = [UInt8](repeating: 0x55, count: 1_048_576)
    let method = ServerMethod.unary(path: "/test.Large/Get") { _ throws(RPCStatus) in megabyte }
    try await withLoopback([method]) { loopback in
      let answer = try await loopback.channel.unary(path: "/test.Large/Get", message: [])
      #expect(answer == megabyte)
    }
  }

  @Test("500 calls at once each get their own echo", arguments: [1, 2])
  func manyCalls(loops: Int) async throws {
    try await withLoopback([EchoHandler.method], loops: loops) { loopback in
      let channel = loopback.channel
      let failures = await withTaskGroup(of: Int.self) { group in
        for number in 0..<500 {
          group.addTask {
            let text = Array("call \(number)".utf8)
            let stream = await channel.call(path: "/test.Echo/Echo", deadline: .seconds(30))
            var messages = stream.messages.makeAsyncIterator()
            for _ in 0..<5 {
              do { try await stream.send(text) } catch { return 1 }
              if await messages.next() != text { return 1 }
            }
            stream.halfClose()
            let end = await messages.next()
            return await stream.status() == .ok && end == nil ? 0 : 1
          }
        }
        return await group.reduce(0, +)
      }
      #expect(failures == 0)
      // The clients may know before the server has counted.
      for _ in 0..<500 where loopback.server.liveCalls != 0 { try await Task.sleep(for: .milliseconds(10)) }
      #expect(loopback.server.liveCalls == 0)
    }
  }
}

extension ServerMethod {
  /// Answers a request with whatever the closure sends.
  static func unaryStream(path: String, answer: @escaping @Sendable (ServerCall) -> Void) -> ServerMethod {
    ServerMethod(path: path) { call in UnaryHandler(call) { handler, _ in answer(handler.call) } }
  }
}
