import BotEngine
import GRPCTransport
import Testing
import WebexProtocol

@testable import CallGateway

@Suite("A forked conversation reaches its receivers, and ends when nobody sends any more")
struct ForkSessionTests {
  private let second = [UInt8](repeating: 0x55, count: 8000)

  @Test("MediaRelay hands audio on a tenth of a second after its first piece")
  func handsOn() throws {
    let test = try TestGateway()
    let rpc = try test.stream(.fork)
    test.advance(by: .seconds(2))
    rpc.send(message: MediaMessage.fork(audio: Array(second.prefix(400))))
    rpc.send(message: MediaMessage.fork(audio: Array(second.prefix(400))))
    test.advance(by: .milliseconds(99))
    #expect(test.receiver.audio.isEmpty)
    test.advance(by: .milliseconds(1))
    #expect(test.receiver.audio.map(\.samples.count) == [800])
  }

  @Test("half-closed it is told of the success, and over two seconds later")
  func completed() throws {
    let test = try TestGateway()
    let rpc = try test.stream(.fork)
    rpc.send(message: MediaMessage.fork(audio: second))
    rpc.halfClose()
    #expect(rpc.sent == [ForkResponse.success.encoded()] && rpc.status == .ok)
    test.advance(by: .milliseconds(1999))
    #expect(test.media.liveSessions == 1)
    test.advance(by: .milliseconds(1))
    #expect(test.media.liveSessions == 0)
    #expect(test.receiver.heard.last == "\(MediaEvent.ended(.completed))")
  }

  @Test("half-closed before its first message it is told the same, and no session begins")
  func empty() throws {
    let test = try TestGateway()
    let rpc = try test.stream(.fork)
    rpc.halfClose()
    #expect(rpc.sent == [ForkResponse.success.encoded()] && rpc.status == .ok && test.media.liveSessions == 0)
  }

  @Test("a leg that was lost may come again within half a minute")
  func reconnect() throws {
    let test = try TestGateway()
    let rpc = try test.stream(.fork)
    rpc.send(message: MediaMessage.fork(audio: second))
    rpc.end(.cancelled)
    test.advance(by: .seconds(29))
    let again = try test.stream(.fork)
    again.send(message: MediaMessage.fork(audio: second))
    test.advance(by: .seconds(29))
    #expect(test.media.liveSessions == 1)
    again.end(.cancelled)
    test.advance(by: .seconds(30))
    #expect(test.media.liveSessions == 0)
    #expect(test.receiver.heard.last == "\(MediaEvent.ended(.lost))")
  }

  @Test("two legs on two queues are one session")
  func twoQueues() throws {
    let test = try TestGateway(queues: 2)
    let caller = try test.stream(.fork, on: 0)
    caller.send(message: MediaMessage.fork(audio: second))
    let agent = try test.stream(.fork, on: 1)
    agent.send(message: MediaMessage.fork(audio: second, role: 2))
    test.advance(by: .seconds(1))
    #expect(Set(test.receiver.audio.map(\.source)) == ["caller", "agent"])
    #expect(test.media.liveSessions == 1)
    agent.send(message: [0xFF])
    #expect(agent.status?.code == .invalidArgument && caller.status == nil)
    agent.end(.completed)
    caller.halfClose()
    test.advance(by: .seconds(30))
    #expect(test.media.liveSessions == 0)
  }

  @Test("a message of another organization is refused, the first and any other", arguments: [true, false])
  func foreign(isFirst: Bool) throws {
    let test = try TestGateway()
    let rpc = try test.stream(.fork)
    if !isFirst { rpc.send(message: MediaMessage.fork()) }
    rpc.send(message: MediaMessage.fork(organization: "other"))
    #expect(rpc.status?.code == .permissionDenied)
  }

  @Test("a leg's RPC that is refused leaves at once: the session waits half a minute for another, and no longer")
  func refusedLeaves() throws {
    let test = try TestGateway()
    let rpc = try test.stream(.fork)
    rpc.send(message: MediaMessage.fork(audio: second))
    rpc.send(message: [0xFF])
    #expect(rpc.status?.code == .invalidArgument)
    test.advance(by: .milliseconds(29_999))
    #expect(test.media.liveSessions == 1)
    test.advance(by: .milliseconds(1))
    #expect(test.media.liveSessions == 0)
  }

  @Test("audio that comes faster than it is spoken is not read for a while, and refused ten seconds ahead")
  func pace() throws {
    let test = try TestGateway()
    let rpc = try test.stream(.fork)
    rpc.send(message: MediaMessage.fork(audio: second))
    // After a stall the time may be caught up, but not at once.
    test.advance(by: .seconds(40))
    for _ in 0..<21 { rpc.send(message: MediaMessage.fork(audio: second)) }
    #expect(!rpc.isReading)
    test.advance(by: .seconds(1))
    #expect(rpc.isReading)
    for _ in 0..<40 { rpc.send(message: MediaMessage.fork(audio: second)) }
    #expect(rpc.status?.code == .resourceExhausted)
  }

  @Test("an RPC that has gone quiet is given up after ten minutes")
  func quiet() throws {
    let test = try TestGateway()
    let rpc = try test.stream(.fork)
    rpc.send(message: MediaMessage.fork())
    test.advance(by: .milliseconds(599_999))
    #expect(rpc.status == nil)
    test.advance(by: .milliseconds(1))
    #expect(rpc.status?.code == .deadlineExceeded)
  }
}
