import GRPCTransport
import Testing

@Suite("Headers and trailers", .timeLimit(.minutes(1)))
struct MetadataTests {
  /// Sends the request's custom headers back as headers and as trailers.
  private static let mirror = ServerMethod(path: "/test.Mirror/Mirror") { call in
    let custom = Metadata(entries: call.metadata.entries.filter { $0.key.hasPrefix("x-") })
    call.setInitialMetadata(custom)
    call.send([1])
    call.finish(trailingMetadata: custom)
    return FinishedCallHandler()
  }

  @Test("headers go both ways with duplicates, in order and with any bytes under -bin keys")
  func bothWays() async throws {
    try await withLoopback([Self.mirror]) { loopback in
      var metadata: Metadata = [("x-one", "1"), ("x-two", "a"), ("x-one", "2"), ("x-two", "b, c")]
      metadata.add("x-data-bin", bytes: [0xab, 0x00, 0xff])
      let stream = await loopback.channel.call(path: "/test.Mirror/Mirror", metadata: metadata)
      let headers = await stream.initialMetadata()
      for await _ in stream.messages {}
      let trailers = await stream.trailingMetadata()
      for found in [headers, trailers] {
        #expect(found?.values(for: "x-one") == ["1", "2"])
        #expect(found?.values(for: "x-two") == ["a", "b, c"])
        #expect(found?.bytes(for: "x-data-bin") == [[0xab, 0x00, 0xff]])
      }
    }
  }

  @Test("J1: two authorization headers reach the handler as two values")
  func duplicateAuthorization() async throws {
    let method = ServerMethod.unaryStream(path: "/test.Auth/Get") { call in
      for value in call.values(for: "authorization") { call.send(Array(value.utf8)) }
      call.finish()
    }
    try await withLoopback([method]) { loopback in
      let stream = await loopback.channel.call(
        path: "/test.Auth/Get", metadata: [("authorization", "Bearer a"), ("authorization", "b")])
      try await stream.send([])
      stream.halfClose()
      var found: [String] = []
      for await message in stream.messages { found.append(String(decoding: message, as: UTF8.self)) }
      #expect(found == ["Bearer a", "b"])
    }
  }

  @Test(
    "a header that the wire cannot carry, or that is the transport's own, is left out and harms nothing",
    arguments: [
      ("x-line", "a\r\nx-injected: 1"), ("x-nul", "a\u{0}b"), ("x bad", "v"), ("", "v"), (":path", "/other"),
      ("grpc-status", "0"), ("content-type", "text/html"), ("te", "gzip"), ("connection", "close"), ("x-ü", "v"),
    ])
  func illegal(key: String, value: String) async throws {
    try await withLoopback([Self.mirror]) { loopback in
      let stream = await loopback.channel.call(
        path: "/test.Mirror/Mirror", metadata: [("x-good", "1"), (key, value)])
      #expect(await stream.initialMetadata()?.values(for: "x-good") == ["1"])
      for await _ in stream.messages {}
      #expect(await stream.status() == .ok)
      #expect(await stream.trailingMetadata().entries.map(\.key) == ["x-good"])
    }
  }

  @Test("the server knows the connection's other end and the authority asked for")
  func peer() async throws {
    let method = ServerMethod.unaryStream(path: "/test.Peer/Get") { call in
      call.send(Array("\(call.peer) \(call.authority)".utf8))
      call.finish()
    }
    try await withLoopback([method]) { loopback in
      let answer = String(
        decoding: try await loopback.channel.unary(path: "/test.Peer/Get", message: []), as: UTF8.self)
      #expect(answer.hasPrefix("ipv4:127.0.0.1:"))
      #expect(answer.hasSuffix(" 127.0.0.1:\(loopback.port)"))
    }
  }

  @Test("J2: headers over the limit end the call without reaching a handler")
  func tooLarge() async throws {
    try await withLoopback([Self.mirror]) { loopback in
      let stream = await loopback.channel.call(
        path: "/test.Mirror/Mirror", metadata: [("x-large", String(repeating: "a", count: 20_000))])
      #expect(await stream.status().code == .resourceExhausted)
    }
  }
}
