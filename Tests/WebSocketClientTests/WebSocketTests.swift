import Foundation
import Locking
import NIOCore
import NIOSSL
import NIOWebSocket
import Testing
import WebSockets

@testable import WebSocketClient

@Suite("A WebSocket to a server")
struct WebSocketTests {
  private let client: WebSocketClient

  init() throws { client = try WebSocketClient(tls: WebSocketTLS(rootsPEM: TestAuthority.certificate)) }

  private func limits<Value>(_ limit: WritableKeyPath<WebSocketLimits, Value>, _ value: Value) -> WebSocketLimits {
    var limits = WebSocketLimits()
    limits[keyPath: limit] = value
    return limits
  }

  /// Runs a body with a server that is stopped afterwards.
  private func with<Result>(_ server: LoopbackServer, _ body: (LoopbackServer) async throws -> Result) async throws
    -> Result
  {
    do {
      let result = try await body(server)
      try await server.stop()
      return result
    } catch {
      try await server.stop()
      throw error
    }
  }

  private func code(_ body: () async throws -> Void) async -> WebSocketError? {
    do {
      try await body()
      return nil
    } catch { return error as? WebSocketError }
  }

  @Test("carries messages both ways, with the fields and the target that were asked for")
  func echoes() async throws {
    try await with(LoopbackServer(response: ["Sec-WebSocket-Protocol": "two"])) { server in
      let socket = try await client.connect(
        to: server.address(path: "/bot?x=1"), headers: [("X-Key", "secret")], subprotocols: ["one", "two"])
      #expect(socket.subprotocol == "two")
      for index in 0..<100 { #expect(socket.send(Array("message \(index)".utf8))) }
      for index in 0..<100 {
        let message = try await socket.receive()
        #expect(message == WebSocketMessage(kind: .text, bytes: Array("message \(index)".utf8)))
      }
      let head = try #require(server.head)
      #expect(head.uri == "/bot?x=1" && head.headers["x-key"] == ["secret"])
      #expect(head.headers["host"] == ["127.0.0.1:\(server.port)"])
      socket.close()
      #expect(try await socket.receive() == nil)
      #expect(!socket.send([65]), "nothing is sent on a closed socket")
    }
  }

  @Test("reads a flood of small messages no faster than whoever takes them can bear")
  func flood() async throws {
    let flood = Array(repeatElement([0x81, 2, 0x7B, 0x7D] as [UInt8], count: 20_000).joined())
    try await with(LoopbackServer(opened: flood)) { server in
      let socket = try await client.connect(to: server.address())
      let began = ContinuousClock.now
      var count = 0
      while ContinuousClock.now - began < .seconds(1), count < 20_000 {
        _ = try await socket.receive()
        count += 1
      }
      // A thousand at once, two thousand a second, and what one more read from the network holds.
      #expect((1_000...10_000).contains(count))
      socket.close()
    }
  }

  @Test("is closed by its server with a code")
  func closed() async throws {
    try await with(LoopbackServer { _, context in LoopbackServer.close(4001, context) }) { server in
      let socket = try await client.connect(to: server.address())
      socket.send([65])
      let error = await code { _ = try await socket.receive() }
      #expect(error?.code == .closed && error?.closeCode == 4001)
    }
  }

  @Test("does not open where nobody listens")
  func refused() async throws {
    let server = try await LoopbackServer()
    let address = try server.address()
    try await server.stop()
    #expect(await code { _ = try await client.connect(to: address) }?.code == .refused)
    let nowhere = try #require(WebSocketAddress("ws://no-such-host.invalid/"))
    #expect(await code { _ = try await client.connect(to: nowhere) }?.code == .refused)
  }

  @Test("does not open where the server answers something else")
  func notAWebSocket() async throws {
    try await with(LoopbackServer(response: nil)) { server in
      let error = await code { _ = try await client.connect(to: server.address()) }
      #expect(error?.code == .upgrade && error?.status == 404)
    }
    try await with(LoopbackServer(response: ["Sec-WebSocket-Protocol": "nine"])) { server in
      #expect(await code { _ = try await client.connect(to: server.address()) }?.code == .upgrade)
    }
    try await with(LoopbackServer(response: ["Sec-WebSocket-Extensions": "permessage-deflate"])) { server in
      #expect(await code { _ = try await client.connect(to: server.address()) }?.code == .upgrade)
    }
  }

  @Test("does not wait longer than it was told for a server that says nothing, or a byte now and then")
  func mute() async throws {
    let quick = limits(\.connectTimeout, .milliseconds(300))
    for reply in ["", "HTTP/1.1 101 Switching Protocols\r\nX: "] {
      let listener = try RawListener(reply: Array(reply.utf8))
      defer { listener.stop() }
      let address = try #require(WebSocketAddress("ws://127.0.0.1:\(listener.port)/"))
      #expect(await code { _ = try await client.connect(to: address, limits: quick) }?.code == .timeout)
    }
  }

  @Test(
    "does not open where the server does not speak HTTP or ends the connection",
    arguments: [
      "garbage\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ])
  func garbage(reply: String) async throws {
    let listener = try RawListener(reply: Array(reply.utf8), closes: true)
    defer { listener.stop() }
    let address = try #require(WebSocketAddress("ws://127.0.0.1:\(listener.port)/"))
    let error = await code { _ = try await client.connect(to: address) }
    #expect(error?.code == .upgrade)
  }

  @Test("gives up when its task is cancelled")
  func cancelled() async throws {
    let listener = try RawListener(reply: [])
    defer { listener.stop() }
    let address = try #require(WebSocketAddress("ws://127.0.0.1:\(listener.port)/"))
    let task = Task { await code { _ = try await client.connect(to: address) }?.code }
    task.cancel()
    #expect(await task.value == .cancelled)
  }

  @Test(
    "ends where the server breaks the rules or the bounds",
    arguments: [
      ([0x81, 0x7F, 0, 0, 0, 1, 0, 0, 0, 0], .tooLarge), ([0x81, 0x01, 0xFF], .violation), ([0xC1, 0x00], .violation),
      ([0x80, 0x00], .violation), ([0x01, 0x00, 0x01, 0x00], .violation), ([0x09, 0x00], .violation),
      ([0x88, 0x01, 0x03], .violation), ([0x88, 0x02, 0x03, 0xED], .violation), ([0x83, 0x00], .violation),
      ([0x81, 0x80, 1, 2, 3, 4], .violation),
    ] as [([UInt8], WebSocketError.Code)])
  func broken(bytes: [UInt8], code expected: WebSocketError.Code) async throws {
    try await with(LoopbackServer(opened: bytes)) { server in
      let socket = try await client.connect(to: server.address())
      #expect(await code { _ = try await socket.receive() }?.code == expected)
    }
  }

  @Test("takes messages in fragments, with pings between them")
  func fragments() async throws {
    let bytes: [UInt8] =
      [0x01, 0x02] + Array("ab".utf8) + [0x89, 0x01, 0x2E] + [0x00, 0x00] + [0x80, 0x01] + Array("c".utf8)
    let pongs = Locked<[UInt8]>([])
    let server = try await LoopbackServer(opened: bytes) { frame, _ in
      guard frame.opcode == .pong else { return }
      pongs.withLock { $0 += Array(frame.unmaskedData.readableBytesView) }
    }
    try await with(server) { server in
      let socket = try await client.connect(to: server.address())
      #expect(try await socket.receive()?.bytes == Array("abc".utf8))
      for _ in 0..<500 where pongs.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(10)) }
      #expect(pongs.withLock { $0 } == [0x2E])
    }
  }

  @Test("refuses to send more than waits for a server that does not read, and counts")
  func serverDoesNotRead() async throws {
    try await with(LoopbackServer(reads: false)) { server in
      let socket = try await client.connect(to: server.address(), limits: limits(\.maximumUnsent, 65_536))
      let message = [UInt8](repeating: 65, count: 16_384)
      var accepted = 0
      // The kernel takes some megabytes before anything waits here.
      for _ in 0..<100_000 where socket.droppedMessages == 0 {
        if socket.send(message) { accepted += 1 }
        await Task.yield()
      }
      #expect(socket.droppedMessages == 1 && accepted > 0)
      socket.close()
    }
  }

  @Test("does not read on where nobody takes what came")
  func nobodyTakes() async throws {
    let sent = Locked(0)
    let server = try await LoopbackServer { frame, context in
      guard frame.opcode == .text else { return }
      Self.flood(context, sent)
    }
    try await with(server) { server in
      let socket = try await client.connect(to: server.address(), limits: limits(\.maximumReceived, 65_536))
      socket.send([65])
      try await Task.sleep(for: .milliseconds(400))
      let before = sent.withLock { $0 }
      try await Task.sleep(for: .milliseconds(400))
      #expect(sent.withLock { $0 } == before, "the network pushes back")
      #expect(before < 64 << 20)
      var received = 0
      while received < 4 << 20 { received += try await socket.receive()?.bytes.count ?? 0 }
      socket.close()
    }
  }

  /// Sends as long as the network takes it.
  private static func flood(_ context: ChannelHandlerContext, _ sent: Locked<Int>) {
    let data = ByteBuffer(repeating: 66, count: 16_384)
    let done = context.eventLoop.makePromise(of: Void.self)
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    done.futureResult.whenSuccess {
      sent.withLock { $0 += 16_384 }
      Self.flood(bound.value, sent)
    }
    context.writeAndFlush(NIOAny(WebSocketFrame(fin: true, opcode: .binary, data: data)), promise: done)
  }

  @Test("finds a server dead that leaves pings unanswered")
  func dead() async throws {
    try await with(LoopbackServer { _, _ in }) { server in
      let socket = try await client.connect(
        to: server.address(), limits: limits(\.pingInterval, .milliseconds(100)))
      #expect(await code { _ = try await socket.receive() }?.code == .timeout)
    }
    try await with(LoopbackServer()) { server in
      let socket = try await client.connect(
        to: server.address(), limits: limits(\.pingInterval, .milliseconds(50)))
      try await Task.sleep(for: .milliseconds(400))
      socket.send([65])
      #expect(try await socket.receive()?.bytes == [65], "one that answers lives")
      socket.close()
    }
  }

  @Test("trusts the roots it was given, for the right name only")
  func trust() async throws {
    let server = try await LoopbackServer(tls: TestAuthority.serverContext())
    try await with(server) { server in
      let socket = try await client.connect(to: server.address("wss", host: "localhost"))
      socket.send([65])
      #expect(try await socket.receive()?.bytes == [65])
      socket.close()
      #expect(await code { _ = try await client.connect(to: server.address("wss")) }?.code == .tls, "another name")
      let stranger = try WebSocketClient()
      let address = try server.address("wss", host: "localhost")
      #expect(await code { _ = try await stranger.connect(to: address) }?.code == .tls, "an unknown root")
    }
    try await with(LoopbackServer()) { server in
      let address = try server.address("wss")
      #expect(await code { _ = try await client.connect(to: address) }?.code == .tls, "no TLS there")
    }
    #expect(throws: WebSocketError.self) { try WebSocketClient(tls: WebSocketTLS(rootsPEM: "no certificate")) }
  }
}
