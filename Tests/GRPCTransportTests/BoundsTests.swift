import GRPCTransport
import Locking
import Testing

@Suite("Bounds", .timeLimit(.minutes(1)))
struct BoundsTests {
  @Test("H15: nothing is read from a call before its handler says so, however much the client sends")
  func nothingIsReadBeforeStart() async throws {
    let (calls, arrived) = AsyncStream.makeStream(of: LoopBound<ServerCall>.self)
    let recorded = RecordedMethod(begin: { arrived.yield(LoopBound($0, loop: $0.loop)) })
    try await withLoopback([recorded.method]) { loopback in
      let stream = await loopback.channel.call(path: RecordedMethod.path)
      let message = [UInt8](repeating: 1, count: 16_384)
      let sent = Locked(0)
      let sender = Task {
        for _ in 0..<64 {
          try await stream.send(message)
          sent.withLock { $0 += 1 }
        }
        stream.halfClose()
      }
      var iterator = calls.makeAsyncIterator()
      let call = try #require(await iterator.next())
      try await Task.sleep(for: .milliseconds(300))
      // What has left the client fits in the flow-control window; the rest waits in the client's own queue.
      let before = sent.withLock { $0 }
      #expect(before < 32)
      var events = recorded.events.makeAsyncIterator()
      call.execute { $0.startReading() }
      for _ in 0..<64 { #expect(await events.next() == .received(message)) }
      #expect(await events.next() == .halfClosed)
      try await sender.value
      stream.cancel()
    }
  }

  @Test("a paused call reads at most one message more, and goes on where it was")
  func pausing() async throws {
    let seen = Locked(0)
    let (calls, arrived) = AsyncStream.makeStream(of: LoopBound<ServerCall>.self)
    let recorded = RecordedMethod { call, event in
      guard case .received(let bytes) = event else { return }
      seen.withLock { $0 += 1 }
      if bytes == [3] {
        call.pauseReading()
        arrived.yield(LoopBound(call, loop: call.loop))
      }
    }
    try await withLoopback([recorded.method]) { loopback in
      let stream = await loopback.channel.call(path: RecordedMethod.path)
      for number in 1...9 as ClosedRange<UInt8> { try await stream.send([number]) }
      var iterator = calls.makeAsyncIterator()
      let call = try #require(await iterator.next())
      try await Task.sleep(for: .milliseconds(100))
      #expect(seen.withLock { $0 } == 3)
      call.execute { $0.startReading() }
      var events = recorded.events.makeAsyncIterator()
      for number in 1...9 as ClosedRange<UInt8> { #expect(await events.next() == .received([number])) }
      stream.cancel()
    }
  }

  @Test("H10: a reader that stalls costs its call at most the queue's bound, and is told when it is full")
  func sendQueueIsBounded() async throws {
    let refusedAt = Locked<[Int]>([])
    let recorded = RecordedMethod(
      begin: { call in
        let message = [UInt8](repeating: 9, count: 10_000)
        while call.send(message) {}
        refusedAt.withLock { $0.append(call.queuedBytes) }
      },
      react: { call, event in if event == .drained { call.finish() } })
    try await withLoopback([recorded.method], configure: { $0.maximumSendQueue = 100_000 }) { loopback in
      let stream = await loopback.channel.call(path: RecordedMethod.path)
      var count = 0
      for await message in stream.messages { count += message.count }
      #expect(count == 100_000)
      #expect(await stream.status() == .ok)
      #expect(refusedAt.withLock { $0 } == [100_000])
      #expect(await recorded.all() == [.drained, .ended(.completed)])
    }
  }

  @Test("a message over the limit is RESOURCE_EXHAUSTED and reaches no handler", arguments: [131_073, 1_000_000])
  func messageTooLong(size: Int) async throws {
    let recorded = RecordedMethod()
    try await withLoopback([recorded.method]) { loopback in
      let stream = await loopback.channel.call(path: RecordedMethod.path)
      try await stream.send([UInt8](repeating: 0, count: size))
      let status = await stream.status()
      #expect(status == RPCStatus(.resourceExhausted, "a message over the limit of 131072 bytes"))
      #expect(await recorded.all() == [.ended(.completed)])
    }
  }

  @Test(
    "H5: a compressed message is UNIMPLEMENTED, whatever the headers say of it",
    arguments: [[("grpc-encoding", "gzip")], [("grpc-encoding", "identity")], [], [("grpc-encoding", "br")]], [1])
  func compressed(headers: [(String, String)], flag: UInt8) async throws {
    let recorded = RecordedMethod()
    try await withLoopback([recorded.method]) { loopback in
      let client = try RawClient(port: loopback.port)
      client.startCall(path: RecordedMethod.path, headers: headers)
      client.sendMessage([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0], flag: flag, last: true)
      let answer = await client.read(until: "grpc-status")
      #expect(String(decoding: answer, as: UTF8.self).contains("grpc-status\u{2}12"))
      client.close()
      let events = await recorded.all()
      #expect(!events.contains { if case .received = $0 { true } else { false } })
      #expect(!events.contains(.halfClosed))
    }
  }

  @Test("H12: metadata over 16 KB is RESOURCE_EXHAUSTED for its RPC alone", arguments: [17, 50])
  func tooMuchMetadata(kilobytes: Int) async throws {
    let recorded = RecordedMethod()
    try await withLoopback([recorded.method]) { loopback in
      let other = await loopback.channel.call(path: RecordedMethod.path)
      try await other.send([1])
      var events = recorded.events.makeAsyncIterator()
      #expect(await events.next() == .received([1]))
      let metadata = Metadata((0..<kilobytes).map { ("x-\($0)", String(repeating: "v", count: 1000)) })
      let large = await loopback.channel.call(path: RecordedMethod.path, metadata: metadata)
      #expect(await large.status() == RPCStatus(.resourceExhausted, "metadata over the limit of 16384 bytes"))
      try await other.send([2])
      #expect(await events.next() == .received([2]))
      other.cancel()
    }
  }
}
