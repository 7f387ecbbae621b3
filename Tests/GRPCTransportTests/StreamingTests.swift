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
}
