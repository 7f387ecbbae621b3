import GRPCTransport
import Testing

@Suite("Unary methods", .timeLimit(.minutes(1)))
struct UnaryTests {
  @Test("a method may answer from a task, which runs on the call's loop")
  func later() async throws {
    let method = ServerMethod.unary(path: "/test.Later/Get") { request async throws(RPCStatus) in
      try? await Task.sleep(for: .milliseconds(5))
      guard EventLoop.current != nil else { throw RPCStatus(.internal, "off the loop") }
      return Array(request.reversed())
    }
    try await withLoopback([method]) { loopback in
      let answer = try await loopback.channel.unary(path: "/test.Later/Get", message: [1, 2, 3])
      #expect(answer == [3, 2, 1])
    }
  }

  @Test("a call that is cancelled cancels the task that works on its answer")
  func cancelled() async throws {
    let (began, begin) = AsyncStream.makeStream(of: Void.self)
    let (ended, end) = AsyncStream.makeStream(of: Bool.self)
    let method = ServerMethod.unary(path: "/test.Slow/Get") { _ async throws(RPCStatus) in
      begin.yield()
      try? await Task.sleep(for: .seconds(50))
      end.yield(Task.isCancelled)
      return []
    }
    try await withLoopback([method]) { loopback in
      let call = Task { try await loopback.channel.unary(path: "/test.Slow/Get", message: []) }
      for await _ in began { break }
      call.cancel()
      var iterator = ended.makeAsyncIterator()
      #expect(await iterator.next() == true)
      await #expect { try await call.value } throws: { ($0 as? RPCStatus)?.code == .cancelled }
    }
  }

  @Test("no message and two messages are INVALID_ARGUMENT", arguments: [0, 2])
  func wrongCount(count: Int) async throws {
    let method = ServerMethod.unary(path: "/test.One/Get") { request throws(RPCStatus) in request }
    try await withLoopback([method]) { loopback in
      let stream = await loopback.channel.call(path: "/test.One/Get")
      for _ in 0..<count { try await stream.send([1]) }
      stream.halfClose()
      #expect(await stream.status() == RPCStatus(.invalidArgument, "this method takes one message"))
    }
  }

  @Test("a client that expects one answer says so when there are none or several", arguments: [0, 2])
  func wrongAnswers(count: Int) async throws {
    let method = ServerMethod.unaryStream(path: "/test.Many/Get") { call in
      for _ in 0..<count { call.send([1]) }
      call.finish()
    }
    try await withLoopback([method]) { loopback in
      await #expect { try await loopback.channel.unary(path: "/test.Many/Get", message: []) } throws: {
        ($0 as? RPCStatus)?.code == .internal
      }
    }
  }
}
