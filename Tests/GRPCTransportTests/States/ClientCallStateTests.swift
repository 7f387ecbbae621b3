import Testing

@testable import GRPCTransport

@Suite("The rules of one RPC on the client")
struct ClientCallStateTests {
  private var machine = CallStateMachine(.client, limits: CallStateMachine.testLimits)

  private mutating func begin() {
    #expect(machine.next() == "headers")
    #expect(machine.sent(true) == .drained)
  }

  @Test("the headers leave alone, once; reading begins behind them, and no sooner")
  mutating func reading() {
    #expect(machine.beginRead() == false)
    begin()
    #expect(machine.next() == "nothing")
    #expect(machine.beginRead() && machine.arrived(50) == .deliver)
    machine.want(false)
    #expect(machine.beginRead() == false)
  }

  @Test("a pause from before the headers left is kept")
  mutating func earlyPause() {
    machine.want(false)
    begin()
    #expect(machine.beginRead() == false)
    machine.want(true)
    #expect(machine.beginRead() == true)
  }

  @Test("a message over the limit, and a compressed one, is refused with a status of ours")
  mutating func refusals() {
    begin()
    #expect(machine.beginRead() == true)
    #expect(
      machine.arrived(51)
        == .refuse(.init(.resourceExhausted, "the server sent a message of 51 bytes; at most 50 are accepted")))
    #expect(machine.beginRead() == true)
    #expect(
      machine.arrived(1, isCompressed: true) == .refuse(.init(.unimplemented, "the server sent a compressed message")))
  }

  @Test("the half-close leaves with the last message, and nothing is sent after it; the server is read on")
  mutating func halfClose() {
    #expect(machine.send(1) && machine.halfClose() && !machine.halfClose() && !machine.send(1))
    #expect(machine.next() == "headers 1 end" && machine.sent(true) == .nothing)
    #expect(machine.beginRead() && machine.arrived(1) == .deliver && machine.beginRead())
  }

  @Test("a half-close without a message leaves alone")
  mutating func emptyHalfClose() {
    begin()
    #expect(machine.halfClose() && machine.next() == "end" && machine.sent(true) == .nothing)
    #expect(machine.next() == "nothing")
  }

  @Test("the queue is bounded")
  mutating func bound() {
    #expect(machine.send(60) && machine.send(40) && !machine.send(1))
    #expect(machine.next() == "headers 60" && machine.sent(true) == .more && machine.send(60) && !machine.send(1))
  }

  @Test("cancelled before it began: the headers leave all the same, so that the C core tells the end")
  mutating func cancelFresh() {
    #expect(machine.send(1) == true)
    machine.breakOff()
    #expect(machine.queue.bytes == 0 && machine.send(1) && machine.queue.bytes == 0 && !machine.isOver)
    #expect(machine.next() == "headers" && machine.sent(true) == .nothing)
    #expect(machine.beginRead() == false)
    machine.headersReported()
    #expect(!machine.isOver)
    machine.closed()
    #expect(machine.isOver)
  }

  @Test("cancelled while a write is in flight: nothing is delivered, and the end waits for what is out")
  mutating func cancelInFlight() {
    begin()
    #expect(machine.beginRead() && machine.send(1) && machine.send(2) && machine.next() == "1")
    machine.breakOff()
    #expect(machine.queue.bytes == 1 && !machine.halfClose())
    #expect(machine.arrived(1) == .discard && !machine.beginRead())
    machine.headersReported()
    machine.closed()
    #expect(!machine.isOver)
    #expect(machine.sent(false) == .nothing && machine.isOver)
  }

  @Test("a write that fails: what is sent later is thrown away, and what the server has said is read on")
  mutating func failedWrite() {
    begin()
    #expect(machine.send(1) && machine.send(2) && machine.next() == "1" && machine.sent(false) == .nothing)
    #expect(machine.send(3) && machine.queue.bytes == 0 && machine.next() == "nothing")
    #expect(machine.beginRead() && machine.arrived(1) == .deliver)
  }

  @Test("the status stops what is sent, not what the server said before it")
  mutating func statusBeforeMessages() {
    begin()
    #expect(machine.beginRead() && machine.send(1))
    machine.closed()
    #expect(machine.queue.bytes == 0 && machine.arrived(1) == .deliver && machine.beginRead())
    #expect(machine.readEnded(failed: false) == false)
  }

  @Test("the end waits for the headers, the status and the read, in any order", arguments: [true, false])
  mutating func end(statusFirst: Bool) {
    begin()
    #expect(machine.beginRead() == true)
    if statusFirst { machine.closed() } else { machine.headersReported() }
    #expect(!machine.isOver)
    if statusFirst { machine.headersReported() } else { machine.closed() }
    #expect(!machine.isOver)
    machine.readEnded(failed: false)
    #expect(machine.isOver)
  }
}
