import GRPCTransport
import Testing
import WebexProtocol

@testable import CallGateway

@Suite("A SessionCall brings an RPC to its session, on whatever queue that lives, and leaves it once")
struct SessionCallTests {
  private let test: TestGateway
  private let session: NotedSession

  /// The RPC lives on the first queue, its session on the queue of the number.
  init(session queue: Int, keys: SlowKeys? = nil) throws {
    test = try TestGateway(queues: 2, limits: GatewayLimits(betweenMessages: .seconds(30)), keys: keys)
    session = NotedSession(test.gateway, on: queue, of: test.loops)
  }

  init() throws { try self.init(session: 0) }

  private func rpc(_ method: SessionMethod = .conversation) throws -> FakeRPC {
    let rpc = try test.rpc(method.schema)
    rpc.begin { session.accept($0, method) }
    return rpc
  }

  /// What the session does, on its own queue.
  private func say(on queue: Int, _ work: (any SessionLine) -> Void) throws {
    let line = try #require(session.line)
    test.loops.run(on: test.loops.loops[queue]) { work(line) }
  }

  @Test("messages, the half-close and the end come in order", arguments: [0, 1])
  func order(queue: Int) throws {
    let other = try Self(session: queue)
    let rpc = try other.rpc()
    rpc.send(message: [1])
    rpc.send(message: [2])
    rpc.halfClose()
    try other.say(on: queue) {
      $0.send([7])
      $0.send([8])
      $0.finish()
    }
    #expect(rpc.sent == [[7], [8]] && rpc.status == .ok)
    rpc.end(.completed)
    #expect(other.session.notes == ["joined", "received [1]", "received [2]", "half-closed", "left, delivered"])
  }

  @Test("the session of the RPC's own queue speaks to the SessionCall itself, any other through a RemoteLine")
  func lines() throws {
    for (queue, isRemote) in [(0, false), (1, true)] {
      let other = try Self(session: queue)
      let rpc = try other.rpc()
      rpc.send(message: [1])
      let line = try #require(other.session.line)
      #expect((line is RemoteLine) == isRemote && (line is SessionCall) == !isRemote)
      #expect(line.method == .conversation && line.authorization?.hasPrefix("Bearer ") == true)
    }
  }

  @Test("an RPC that is refused leaves its session at once, and once", arguments: [0, 1])
  func refused(queue: Int) throws {
    let other = try Self(session: queue)
    let rpc = try other.rpc()
    rpc.send(message: [1])
    try other.say(on: queue) { $0.refuse(RPCStatus(.invalidArgument, "what is this")) }
    #expect(rpc.status == RPCStatus(.invalidArgument, "what is this"))
    #expect(other.session.notes.last == "left")
    rpc.send(message: [2])
    rpc.halfClose()
    rpc.end(.completed)
    #expect(other.session.notes == ["joined", "received [1]", "left"])
  }

  @Test("after the session's status nothing of the client counts, but that it is gone", arguments: [0, 1])
  func finished(queue: Int) throws {
    let other = try Self(session: queue)
    let rpc = try other.rpc()
    rpc.send(message: [1])
    try other.say(on: queue) {
      $0.finish(.ok, lingering: .seconds(1))
      $0.send([9])
      $0.finish(RPCStatus(.unavailable, "again"))
    }
    #expect(rpc.status == .ok && rpc.lingering == .seconds(1) && rpc.sent.isEmpty)
    rpc.halfClose()
    other.test.advance(by: .seconds(60))
    rpc.end(.cancelled)
    #expect(other.session.notes == ["joined", "received [1]", "left"])
  }

  @Test("whose answers find no room, the RPC is refused and its session goes on without it", arguments: [0, 1])
  func noRoom(queue: Int) throws {
    let other = try Self(session: queue)
    let rpc = try other.rpc()
    rpc.send(message: [1])
    rpc.hasRoom = false
    try other.say(on: queue) { $0.send([7]) }
    #expect(rpc.status?.code == .resourceExhausted && other.session.notes.last == "left")
  }

  @Test("reading rests for as long as the session says, the longest from the latest word", arguments: [0, 1])
  func pause(queue: Int) throws {
    let other = try Self(session: queue)
    let rpc = try other.rpc()
    rpc.send(message: [1])
    try other.say(on: queue) { $0.pause(for: .seconds(1)) }
    #expect(!rpc.isReading)
    other.test.advance(by: .milliseconds(900))
    try other.say(on: queue) { $0.pause(for: .seconds(1)) }
    other.test.advance(by: .milliseconds(999))
    #expect(!rpc.isReading)
    other.test.advance(by: .milliseconds(1))
    #expect(rpc.isReading)
    try other.say(on: queue) {
      $0.pause(for: .seconds(1))
      $0.finish()
    }
    other.test.advance(by: .seconds(2))
    #expect(!rpc.isReading)
  }

  // MARK: Time

  @Test(
    "an RPC that goes quiet is given up after its method's time, and leaves its session",
    arguments: [(SessionMethod.conversation, 30), (.agentList, 30), (.fork, 600), (.meetingMedia, 600)])
  func quiet(method: SessionMethod, seconds: Int) throws {
    let rpc = try rpc(method)
    test.advance(by: .seconds(9))
    rpc.send(message: [1])
    test.advance(by: .seconds(seconds) - .milliseconds(1))
    #expect(rpc.status == nil)
    test.advance(by: .milliseconds(1))
    #expect(rpc.status?.code == .deadlineExceeded && session.notes.last == "left")
  }

  @Test("a control stream may be quiet for a day, but not before its first word")
  func controlIsQuiet() throws {
    let rpc = try rpc(.meetingControl)
    rpc.send(message: [1])
    let silent = try self.rpc(.meetingControl)
    test.advance(by: .seconds(10))
    #expect(silent.status?.code == .deadlineExceeded)
    test.advance(by: .seconds(86_400))
    #expect(rpc.status == nil)
  }

  @Test("half-closed, an RPC is watched no longer: the session has the word")
  func halfClosedIsNotWatched() throws {
    let rpc = try rpc()
    rpc.send(message: [1])
    rpc.halfClose()
    test.advance(by: .seconds(3600))
    #expect(rpc.status == nil)
  }

  // MARK: Before there is a session

  @Test("half-closed before its first message, an RPC of each method has its own answer")
  func nothing() throws {
    for (method, code, answers) in [
      (SessionMethod.conversation, RPCStatus.Code.ok, 0), (.agentList, .invalidArgument, 0), (.fork, .ok, 1),
      (.meetingControl, .ok, 0), (.meetingMedia, .ok, 0),
    ] {
      let rpc = try rpc(method)
      rpc.halfClose()
      #expect(rpc.status?.code == code && rpc.sent.count == answers)
      rpc.end(.completed)
    }
    #expect(session.notes.isEmpty)
  }

  @Test("an RPC whose first message is refused joins nothing")
  func firstMessageRefused() throws {
    session.refusal = RPCStatus(.notFound, "no such agent")
    let rpc = try rpc()
    rpc.send(message: [1])
    #expect(rpc.status == session.refusal)
    rpc.end(.completed)
    #expect(session.notes.isEmpty)
  }

  @Test("while the keys of its token are fetched nothing is read; then the RPC goes on")
  func slowKeys() throws {
    let keys = SlowKeys()
    let other = try Self(session: 0, keys: keys)
    let rpc = try other.rpc()
    other.test.advance(by: .seconds(60))
    #expect(!rpc.isReading && rpc.status == nil)
    keys.arrive()
    other.test.loops.settle()
    #expect(rpc.isReading)
    // The time for the first message begins now.
    other.test.advance(by: .milliseconds(9999))
    rpc.send(message: [1])
    #expect(other.session.notes == ["joined", "received [1]"])
  }

  @Test("an RPC that is gone before its keys have come joins nothing and holds no place")
  func goneBeforeTheKeys() throws {
    let keys = SlowKeys()
    let other = try Self(session: 0, keys: keys)
    for _ in 0..<2 { try other.rpc().end(.cancelled) }
    let rpcs = try (0..<2).map { _ in try other.rpc() }
    #expect(rpcs.allSatisfy { $0.status == nil })
    keys.arrive()
    other.test.loops.settle()
    #expect(rpcs.allSatisfy(\.isReading) && other.session.notes.isEmpty)
  }

  @Test("an RPC beyond the bound is refused unread, and a place is free as soon as another has its status")
  func bound() throws {
    let first = try rpc()
    _ = try rpc()
    let third = try rpc()
    #expect(third.status?.code == .resourceExhausted && !third.isReading)
    first.send(message: [1])
    try say(on: 0) { $0.finish(.ok, lingering: .seconds(1)) }
    #expect(try rpc().status == nil)
    first.end(.completed)
    third.end(.completed)
    // No place is given back twice.
    #expect(try rpc().status?.code == .resourceExhausted)
  }
}
