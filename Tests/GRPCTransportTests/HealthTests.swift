import Testing

@testable import GRPCTransport

@Suite("Health", .timeLimit(.minutes(1)))
struct HealthTests {
  private static let names = ["grpc.health.v1.Health", "com.cisco.wcc.ccai.v1.Health"]

  private func methods(_ status: HealthStatus) -> [ServerMethod] {
    HealthService.grpc(status).methods + HealthService(name: Self.names[1], status: status).methods
  }

  private func request(_ service: String) -> [UInt8] {
    service.isEmpty ? [] : [0x0a, UInt8(service.utf8.count)] + Array(service.utf8)
  }

  @Test("Check says what was set, and NOT_FOUND for a service that nobody set", arguments: names)
  func check(name: String) async throws {
    let status = HealthStatus(["": .serving, "voice": .notServing, "new": .unknown])
    try await withLoopback(methods(status)) { loopback in
      func check(_ service: String) async throws(RPCStatus) -> [UInt8] {
        try await loopback.channel.unary(path: "/\(name)/Check", message: request(service))
      }
      let answers = [try await check(""), try await check("voice"), try await check("new")]
      #expect(answers == [[8, 1], [8, 2], []])
      await #expect(throws: RPCStatus(.notFound, "no such service")) { try await check("missing") }
      status.set(.notServing)
      let changed = try await check("")
      #expect(changed == [8, 2])
    }
  }

  @Test("Watch sends the status at once, then every change, and nothing where nothing changed", arguments: names)
  func watch(name: String) async throws {
    let status = HealthStatus(["": .notServing])
    try await withLoopback(methods(status)) { loopback in
      let stream = await loopback.channel.call(path: "/\(name)/Watch")
      try await stream.send(request(""))
      stream.halfClose()
      var messages = stream.messages.makeAsyncIterator()
      #expect(await messages.next() == [8, 2])
      status.set(.notServing)
      status.set(.serving)
      #expect(await messages.next() == [8, 1])
      status.set(.notServing, for: "other")
      status.set(.notServing)
      #expect(await messages.next() == [8, 2])
      stream.cancel()
    }
  }

  @Test("Watch of an unknown service says so in the schema's way, and tells when it is known", arguments: names)
  func watchUnknown(name: String) async throws {
    let status = HealthStatus()
    try await withLoopback(methods(status)) { loopback in
      let stream = await loopback.channel.call(path: "/\(name)/Watch")
      try await stream.send(request("later"))
      stream.halfClose()
      var messages = stream.messages.makeAsyncIterator()
      #expect(await messages.next() == (name == Self.names[0] ? [8, 3] : []))
      status.set(.serving, for: "later")
      #expect(await messages.next() == [8, 1])
      stream.cancel()
    }
  }

  @Test("a server that goes down says NOT_SERVING and ends its watches")
  func finish() async throws {
    let status = HealthStatus(["": .serving])
    try await withLoopback(methods(status)) { loopback in
      let stream = await loopback.channel.call(path: "/grpc.health.v1.Health/Watch")
      try await stream.send([])
      stream.halfClose()
      var messages = stream.messages.makeAsyncIterator()
      #expect(await messages.next() == [8, 1])
      status.finish()
      #expect(await messages.next() == [8, 2])
      #expect(await messages.next() == nil)
      #expect(await stream.status() == RPCStatus(.unavailable, "the server is going down"))
    }
  }

  @Test("no more than 32 watches of one connection are open at once, and a closed one makes room")
  func watchesAreBounded() async throws {
    let status = HealthStatus(["": .serving])
    try await withLoopback(methods(status)) { loopback in
      var streams: [ClientStream] = []
      for _ in 0..<HealthStatus.mostWatchesPerConnection {
        let stream = await loopback.channel.call(path: "/grpc.health.v1.Health/Watch")
        try await stream.send([])
        stream.halfClose()
        var messages = stream.messages.makeAsyncIterator()
        #expect(await messages.next() == [8, 1])
        streams.append(stream)
      }
      func oneMore() async throws -> RPCStatus.Code? {
        let stream = await loopback.channel.call(path: "/grpc.health.v1.Health/Watch")
        try await stream.send([])
        stream.halfClose()
        var messages = stream.messages.makeAsyncIterator()
        if await messages.next() != nil { return nil }
        return await stream.status().code
      }
      #expect(try await oneMore() == .resourceExhausted)
      streams.removeLast().cancel()
      var code: RPCStatus.Code? = .resourceExhausted
      for _ in 0..<50 where code != nil {
        try await Task.sleep(for: .milliseconds(10))
        code = try await oneMore()
      }
      #expect(code == nil)
      for stream in streams { stream.cancel() }
    }
  }

  @Test(
    "a request without a message is cancelled after 250 ms, and keeps no whole one out", arguments: ["Check", "Watch"])
  func noMessage(method: String) async throws {
    try await withLoopback(methods(HealthStatus(["": .serving]))) { loopback in
      // Calls that wait for the connection leave in any order; behind it they leave one after the other.
      _ = try await loopback.channel.unary(path: "/grpc.health.v1.Health/Check", message: [])
      let began = ContinuousClock.now
      var waiting: [ClientStream] = []
      for _ in 0..<40 { waiting.append(await loopback.channel.call(path: "/grpc.health.v1.Health/\(method)")) }
      let answer = try await loopback.channel.unary(path: "/grpc.health.v1.Health/Check", message: [])
      #expect(answer == [8, 1])
      for stream in waiting { #expect(await stream.status().code == .cancelled) }
      #expect(ContinuousClock.now - began < .seconds(5))
    }
  }

  @Test(
    "a request is read with unknown fields skipped and the last name winning",
    arguments: [
      ([], ""), ([0x0a, 0], ""), ([0x0a, 1, 0x61], "a"), ([0x0a, 1, 0x61, 0x0a, 1, 0x62], "b"),
      ([0x10, 0xff, 0x01, 0x0a, 1, 0x61], "a"), ([0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x0a, 1, 0x61], "a"),
      ([0x25, 1, 2, 3, 4, 0x0a, 1, 0x61], "a"), ([0x0a, 1, 0x61, 0x12, 2, 0xff, 0xff], "a"), ([0x08, 5], ""),
    ] as [([UInt8], String)])
  func goodRequests(bytes: [UInt8], service: String) throws {
    #expect(try HealthMessages.service(inRequest: bytes) == service)
  }

  @Test(
    "a malformed request is INVALID_ARGUMENT",
    arguments: [
      [0x0a], [0x0a, 2, 0x61], [0x02, 0], [0x0b], [0x0c], [0x0e], [0x0f], [0x0a, 1, 0xff], [0x80],
      [0x08] + [UInt8](repeating: 0xff, count: 11), [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
      [0x0a, 0x81, 0x02] + [UInt8](repeating: 0x61, count: 257), [UInt8](repeating: 8, count: 1025), [0x19, 1, 2],
      [0x08] + [UInt8](repeating: 0x80, count: 9) + [0x02],
    ] as [[UInt8]])
  func malformedRequests(bytes: [UInt8]) {
    #expect {
      try HealthMessages.service(inRequest: bytes)
    } throws: {
      ($0 as? RPCStatus)?.code == .invalidArgument
    }
  }

  @Test("a malformed request over the wire ends with INVALID_ARGUMENT", arguments: ["Check", "Watch"])
  func malformedOverTheWire(method: String) async throws {
    try await withLoopback(methods(HealthStatus())) { loopback in
      let stream = await loopback.channel.call(path: "/grpc.health.v1.Health/\(method)")
      try await stream.send([0x0a, 9])
      stream.halfClose()
      #expect(await stream.status().code == .invalidArgument)
    }
  }
}
