import Testing

@testable import RedisClient

@Suite("CommandPipeline gives each answer to its own command, and none to one whose time is over")
struct CommandPipelineTests {
  private func waiter(_ answered: CommandPipeline<String>.Answered) -> String? {
    if case .waiter(let name, took: _) = answered { name } else { nil }
  }

  @Test("answers come in the order of the commands")
  func order() {
    var pipeline = CommandPipeline<String>()
    pipeline.sent("a", bytes: 3, deadline: 100, now: 0)
    pipeline.sent("b", bytes: 4, deadline: 100, now: 1)
    #expect(pipeline.count == 2 && pipeline.oldest == 0)
    let first = pipeline.answered(now: 9)
    #expect(waiter(first.0) == "a" && first.bytes == 3)
    #expect(pipeline.oldest == 1)
    let second = pipeline.answered(now: 9)
    #expect(waiter(second.0) == "b" && second.bytes == 4)
    guard case .unasked = pipeline.answered(now: 9).0 else {
      Issue.record("an answer that nobody asked for was somebody's")
      return
    }
  }

  @Test("a command whose time is over keeps its place: its late answer is nobody's")
  func late() {
    var pipeline = CommandPipeline<String>()
    pipeline.sent("slow", bytes: 1, deadline: 300, now: 0)
    pipeline.sent("short", bytes: 1, deadline: 50, now: 0)
    pipeline.sent("next", bytes: 1, deadline: 400, now: 0)
    #expect(pipeline.nextDeadline == 50)
    #expect(pipeline.expire(now: 49).isEmpty)
    #expect(pipeline.expire(now: 50) == ["short"])
    #expect(pipeline.nextDeadline == 300 && pipeline.count == 3)
    #expect(waiter(pipeline.answered(now: 60).0) == "slow")
    guard case .late = pipeline.answered(now: 60).0 else {
      Issue.record("the late answer was somebody's")
      return
    }
    #expect(waiter(pipeline.answered(now: 60).0) == "next")
  }

  @Test("all of them are over at once, and none twice")
  func expiry() {
    var pipeline = CommandPipeline<String>()
    for name in ["a", "b", "c"] { pipeline.sent(name, bytes: 1, deadline: 10, now: 0) }
    #expect(pipeline.expire(now: 1_000) == ["a", "b", "c"])
    #expect(pipeline.expire(now: 2_000).isEmpty && pipeline.nextDeadline == nil)
    let dropped = pipeline.drop()
    #expect(dropped.waiters.isEmpty && dropped.counted == 3 && dropped.bytes == 3 && pipeline.count == 0)
  }
}

@Suite("ReconnectPause doubles up to a second, and differs between servers")
struct ReconnectPauseTests {
  @Test("the pauses")
  func pauses() {
    var pause = ReconnectPause()
    var random = SystemRandomNumberGenerator()
    for longest in [50, 100, 200, 400, 800, 1_000, 1_000] {
      let next = pause.next(using: &random)
      #expect((Duration.milliseconds(longest) / 2...Duration.milliseconds(longest)).contains(next))
    }
    pause.reset()
    let next = pause.next(using: &random)
    #expect(next <= .milliseconds(50))
  }
}

@Suite("Handshake says what a server cannot be used for")
struct HandshakeTests {
  private func answers(_ values: [RESPValue], password: String? = nil, database: Int = 0) -> (Handshake, String?) {
    var handshake = Handshake(user: nil, password: password, database: database)
    do throws(HandshakeError) { for value in values { try handshake.answered(value) } } catch {
      return (handshake, error.description)
    }
    return (handshake, nil)
  }

  @Test("a server that agrees tells its version")
  func agreed() {
    let info = RESPValue.bytes(Array("# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n".utf8))
    let (handshake, fault) = answers([.status("OK"), .status("OK"), info, .status("OK")], password: "p", database: 2)
    #expect(fault == nil && handshake.isOver && handshake.version == "7.0.15" && handshake.commands.count == 4)
  }

  @Test("a user who may not ask for the version is no fault")
  func restricted() {
    let refusal = RESPValue.refusal("NOPERM this user has no permissions")
    let (handshake, fault) = answers([refusal, refusal])
    #expect(fault == nil && handshake.isOver && handshake.version == nil)
  }

  @Test("what is wrong is said")
  func faults() {
    #expect(answers([.refusal("WRONGPASS invalid")], password: "p").1?.contains("the password") == true)
    #expect(answers([.refusal("NOAUTH Authentication required.")]).1?.contains("wants a password") == true)
    #expect(answers([.status("OK"), .refusal("LOADING Redis is loading")]).1?.contains("reading its data") == true)
    let cluster = RESPValue.bytes(Array("redis_version:7.0.15\r\nredis_mode:cluster\r\n".utf8))
    #expect(answers([.status("OK"), cluster]).1?.contains("Redis Cluster") == true)
  }
}
