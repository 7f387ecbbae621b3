import BotEngine
import GRPCTransport
import Testing

@testable import BotEngines

@Suite("A BotStream holds a call over one RPC, made again only as long as the bot has said nothing")
struct BotStreamTests {
  /// Events by their names, and messages that are fine but for one.
  private final class Dialect: BotDialect {
    var opening: [UInt8]? { Array("hello".utf8) }
    var heard: [[UInt8]] = []

    func message(for event: EagerEvent, turn: Int) -> [UInt8]? {
      guard case .caller(let event) = event else { return nil }
      switch event {
      case .audio: return Array("audio".utf8)
      case .ended: return Array("ended".utf8)
      case .digits(let digits): return Array("\(turn):\(digits)".utf8)
      default: return nil
      }
    }

    func received(_ bytes: UnsafeRawBufferPointer) throws(BotFailure) {
      guard bytes.first != 0 else { throw BotFailure(.garbage, "no message") }
      heard.append(Array(bytes))
    }
  }

  private let connection = FakeConnection()
  private let dialect = Dialect()
  private let lost = RPCStatus(.unavailable, "failed to connect to all addresses")

  private func begin() throws -> FakeConnection.RPC {
    let stream = BotStream(
      channel: connection, path: "/bot", metadata: [("a", "b")], patience: .seconds(1), dialect: dialect)
    connection.begin { await stream.hold($0) }
    return try #require(connection.rpcs.first)
  }

  private func said(_ rpc: FakeConnection.RPC) -> [String] { rpc.sent.map { String(decoding: $0, as: UTF8.self) } }

  @Test("begins with who calls; events follow in order, the call's end half-closes, and the bot's end is the end")
  func whole() throws {
    let rpc = try begin()
    #expect(rpc.path == "/bot" && rpc.metadata.values(for: "a") == ["b"])
    connection.tell(.hush)
    connection.tell(.digits("1"), turn: 2)
    rpc.say([1])
    connection.tell(.ended(.hangup))
    #expect(said(rpc) == ["hello", "audio", "2:1", "ended"] && rpc.isHalfClosed)
    rpc.say([2])
    #expect(dialect.heard == [[1]], "what comes after the call's end is nobody's")
    #expect(connection.end == nil)
    rpc.end()
    let end = try #require(connection.end)
    #expect(end.failure == nil && end.hasHeard)
  }

  @Test("a connection that is lost before the bot said anything is made again, later and later, with all that was said")
  func retried() throws {
    let rpc = try begin()
    connection.tell(.digits("1"))
    rpc.end(lost)
    connection.advance(by: .milliseconds(99))
    #expect(connection.rpcs.count == 1)
    connection.tell(.digits("2"))
    connection.advance(by: .milliseconds(1))
    #expect(said(connection.rpcs[1]) == ["hello", "1:1", "1:2"])
    connection.rpcs[1].end(lost)
    connection.advance(by: .milliseconds(199))
    #expect(connection.rpcs.count == 2)
    connection.advance(by: .milliseconds(1))
    connection.rpcs[2].end(lost)
    connection.advance(by: .milliseconds(400))
    #expect(connection.rpcs.count == 4 && connection.end == nil)
    connection.rpcs[3].end(lost)
    let end = try #require(connection.end, "another attempt would be after the time to connect")
    #expect(end.failure?.kind == .unreachable && !end.hasHeard)
  }

  @Test("there is no second attempt where nobody listens, nor after the bot's headers or its first word")
  func notRetried() throws {
    try begin().end(RPCStatus(.unavailable, "failed to connect: Connection refused"))
    #expect(connection.end?.failure?.kind == .unreachable && connection.rpcs.count == 1)
    for isHeard in [false, true] {
      let other = BotStreamTests()
      let rpc = try other.begin()
      if isHeard { rpc.say([1]) } else { rpc.showHeaders([("x", "y")]) }
      rpc.end(lost)
      other.connection.advance(by: .seconds(5))
      #expect(other.connection.end?.failure != nil && other.connection.rpcs.count == 1)
      #expect(other.connection.end?.hasHeard == isHeard)
    }
  }

  @Test("a bot that reads nothing is sent no more audio, and fails the call where it misses an event")
  func unread() throws {
    let rpc = try begin()
    rpc.hasRoom = false
    connection.tell(.hush)
    #expect(!rpc.isCancelled && connection.end == nil)
    connection.tell(.digits("1"))
    #expect(rpc.isCancelled)
    connection.advance(by: .zero)
    #expect(connection.end?.failure?.message == "it reads nothing of what it is sent")
  }

  @Test("what is no message breaks the RPC off, and the failure says so, not how the RPC ended")
  func garbage() throws {
    let rpc = try begin()
    rpc.say([0])
    #expect(rpc.isCancelled)
    rpc.say([1])
    connection.advance(by: .zero)
    #expect(connection.end?.failure?.kind == .garbage && dialect.heard.isEmpty)
  }

  @Test("a bot ahead of its caller is read no further until there is room")
  func full() throws {
    let rpc = try begin()
    rpc.say([1])
    #expect(rpc.isReading)
    connection.set(isFull: true)
    rpc.say([2])
    #expect(!rpc.isReading, "one message may be on its way")
    rpc.say([3])
    connection.set(isFull: false)
    #expect(rpc.isReading && dialect.heard == [[1], [2], [3]])
  }

  @Test("a task that is cancelled breaks the RPC off, and comes to its end with it")
  func cancelled() throws {
    let rpc = try begin()
    rpc.say([1])
    connection.cancel()
    #expect(rpc.isCancelled)
    connection.advance(by: .zero)
    let end = try #require(connection.end)
    #expect(end.hasHeard)
  }

  @Test("a call that ends while there is no RPC is over at once")
  func betweenAttempts() throws {
    try begin().end(lost)
    connection.tell(.ended(.hangup))
    #expect(connection.end?.failure == nil && connection.end != nil)
    connection.advance(by: .seconds(5))
    #expect(connection.rpcs.count == 1)
  }
}
