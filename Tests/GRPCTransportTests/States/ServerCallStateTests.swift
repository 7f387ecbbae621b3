import Testing

@testable import GRPCTransport

@Suite("The rules of one RPC on the server")
struct ServerCallStateTests {
  private var machine = CallStateMachine(.server, limits: CallStateMachine.testLimits)

  private mutating func finish(limit: Duration = .seconds(10), lingering: Duration = .zero) -> Bool {
    machine.finish(limit: limit, lingering: lingering, isRefused: false)
  }

  private mutating func read() {
    machine.want(true)
    #expect(machine.beginRead() == true)
  }

  private mutating func renew() { machine = CallStateMachine(.server, limits: machine.limits) }

  // MARK: Reading

  @Test("H15: nothing is read before the handler asks for it, and then one message at a time")
  mutating func unread() {
    #expect(machine.beginRead() == false)
    machine.want(false)
    #expect(machine.beginRead() == false)
    read()
    #expect(machine.beginRead() == false)
    #expect(machine.arrived(50) == .deliver)
    #expect(machine.beginRead() == true)
  }

  @Test("a pause leaves the read that is under way, and what it brings is delivered")
  mutating func pause() {
    read()
    machine.want(false)
    #expect(machine.arrived(1) == .deliver)
    #expect(machine.beginRead() == false)
    read()
  }

  @Test("a message over the limit, and a compressed one, is refused with its status")
  mutating func refusals() {
    let tooLong = RPCStatus(.resourceExhausted, "a message over the limit of 50 bytes")
    read()
    #expect(machine.arrived(51) == .refuse(tooLong))
    read()
    #expect(machine.arrived(0, isTooLong: true) == .refuse(tooLong))
    read()
    let compressed = RPCStatus(.unimplemented, "compressed messages are not accepted")
    #expect(machine.arrived(1, isCompressed: true) == .refuse(compressed))
  }

  @Test("a method's own limit counts")
  mutating func ownLimit() {
    machine.limits.maximumMessageLength = 5
    read()
    #expect(machine.arrived(6) == .refuse(RPCStatus(.resourceExhausted, "a message over the limit of 5 bytes")))
  }

  @Test("a refused client's answers are thrown away, nothing more of it is read, and its status waits a moment only")
  mutating func refused() {
    #expect(machine.send(1) == true)
    read()
    _ = machine.arrived(51)
    #expect(machine.finish(limit: .seconds(10), lingering: .zero, isRefused: true) == true)
    machine.want(true)
    #expect(machine.beginRead() == false)
    #expect(machine.queue.bytes == 0 && machine.next() == "hold \(StatusHold.unread) unread")
  }

  @Test("a half-close is seen once, and the call stays open for our messages")
  mutating func halfClose() {
    read()
    #expect(machine.readEnded(failed: false) == true)
    #expect(machine.isOpen && machine.isHalfClosed && machine.send(1))
    machine.want(true)
    #expect(machine.beginRead() == false)
    machine.closed()
    #expect(!machine.isOpen)
  }

  @Test("a stream that broke never looks half-closed; nor does one that ends after a cancellation or the close")
  mutating func brokenStream() {
    read()
    #expect(machine.readEnded(failed: true) == false && !machine.isHalfClosed)
    for closes in [true, false] {
      renew()
      read()
      if closes { machine.closed() } else { machine.breakOff() }
      #expect(machine.readEnded(failed: false) == false && !machine.isHalfClosed && !machine.isOpen)
    }
  }

  // MARK: Sending

  @Test("messages leave one at a time, the first with the headers, and room is told when the last is gone")
  mutating func order() {
    #expect(machine.next() == "nothing")
    #expect(machine.send(10) && machine.send(20))
    #expect(machine.schedule() && !machine.schedule())
    #expect(machine.next() == "headers 10" && machine.queue.bytes == 30)
    #expect(machine.next() == "nothing", "one batch at a time")
    #expect(machine.schedule() == false, "what comes back schedules the next")
    #expect(machine.sent(true) == .more && machine.queue.bytes == 20)
    #expect(machine.next() == "20" && machine.sent(true) == .drained)
    #expect(machine.queue.bytes == 0 && machine.next() == "nothing")
  }

  @Test("H10: the bound counts what waits and what is in flight; an empty queue admits any message that may be sent")
  mutating func bounds() {
    #expect(!machine.send(61) && machine.send(60) && !machine.send(41) && machine.send(40))
    #expect(machine.next() == "headers 60" && !machine.send(1))
    _ = machine.sent(true)
    #expect(machine.send(60) && !machine.send(1))
  }

  @Test("a long queue keeps its order")
  mutating func longQueue() {
    var queue = SendQueue(maximumBytes: 1_000_000)
    for number in 0..<200 { [UInt8](repeating: 0, count: number).withUnsafeBytes { queue.append($0) } }
    for number in 0..<200 {
      #expect(queue.removeFirst().map { ReceivedMessage($0).count } == number)
      queue.arrived()
    }
    #expect(queue.isEmpty && queue.bytes == 0 && queue.removeFirst() == nil)
  }

  @Test("a write that fails, or could not be begun, breaks the call; the close is still waited for")
  mutating func failedWrite() {
    #expect(machine.send(1) && machine.send(2))
    #expect(machine.next() == "headers 1" && machine.sent(false) == .nothing)
    #expect(machine.queue.bytes == 0 && !machine.send(1) && !finish() && machine.next() == "nothing")
    #expect(!machine.isOver)
    machine.closed()
    #expect(machine.isOver)
  }

  // MARK: The status

  @Test("a status is held until the client half-closes; the messages before it are not")
  mutating func hold() {
    read()
    #expect(machine.send(1) && finish() && !machine.send(1))
    #expect(machine.next() == "headers 1")
    #expect(machine.sent(true) == .more)
    #expect(machine.next(at: 1) == "hold \(Duration.seconds(10))")
    #expect(machine.next(at: 3) == "hold \(Duration.seconds(8))")
    #expect(machine.readEnded(failed: false) == true)
    #expect(machine.next(at: 4) == "end" && !machine.hasArrived)
    #expect(machine.sent(true) == .nothing && machine.hasArrived)
  }

  @Test("a status leaves with the last message where the client has half-closed, or nothing is held")
  mutating func noHold() {
    read()
    _ = machine.readEnded(failed: false)
    #expect(machine.send(1) && machine.send(2) && finish())
    #expect(machine.next() == "headers 1" && machine.sent(true) == .more && machine.next() == "2 end")
    renew()
    #expect(finish(limit: .zero) && machine.next() == "headers end")
  }

  @Test("a status is held for half of the time to the deadline at most")
  mutating func deadline() {
    read()
    #expect(finish() == true)
    #expect(machine.next(deadline: .seconds(4)) == "hold \(Duration.seconds(2))")
    #expect(machine.next(at: 1, deadline: .zero) == "headers end")
  }

  @Test("a status that lingers stays behind the half-close for its time")
  mutating func lingering() {
    read()
    #expect(machine.readEnded(failed: false) == true)
    #expect(finish(lingering: .milliseconds(100)))
    #expect(machine.next() == "hold \(Duration.milliseconds(100))")
    #expect(machine.next(at: 0.2) == "headers end")
  }

  @Test("behind a prompt a status keeps a distance, where statuses are held")
  mutating func distance() {
    let limits = CallLimits(maximumQueuedBytes: 65_536, maximumMessageLength: 50, maximumSentMessageLength: 65_536)
    func batch(_ bytes: Int, limit: Duration = .seconds(10)) -> (CallStateMachine, String) {
      var machine = CallStateMachine(.server, limits: limits)
      machine.want(true)
      let isReady =
        machine.beginRead() && machine.readEnded(failed: false) && machine.send(bytes)
        && machine.finish(limit: limit, lingering: .zero, isRefused: false)
      #expect(isReady)
      let words = machine.next()
      return (machine, words)
    }
    #expect(batch(1_024).1 == "headers 1024 end")
    #expect(batch(1_025, limit: .zero).1 == "headers 1025 end")
    (machine, _) = batch(1_025)
    #expect(machine.sent(true) == .more)
    #expect(machine.next() == "hold \(Duration.milliseconds(10))")
    #expect(machine.next(at: 0.01) == "end")
  }

  @Test("a status leaves when its time is up, and when it is let go")
  mutating func holdIsOver() {
    read()
    #expect(finish() == true)
    #expect(machine.next() == "hold \(Duration.seconds(10))" && machine.next(at: 10) == "headers end")
    renew()
    read()
    #expect(finish() == true)
    machine.release()
    #expect(machine.next() == "headers end")
  }

  @Test("what a client sends while its status is held is read and thrown away, up to a bound")
  mutating func discards() {
    read()
    #expect(finish() && machine.next() != "nothing")
    #expect(machine.arrived(StatusHold.mostDiscarded) == .discard)
    machine.want(false)
    #expect(machine.beginRead() == true, "the handler's wishes no longer count")
    #expect(machine.next() == "hold \(Duration.seconds(10))")
    #expect(machine.arrived(1) == .discard && !machine.beginRead())
    #expect(machine.next() == "headers end")
  }

  @Test("a message too long while the status is held ends the wait")
  mutating func tooLongWhileHeld() {
    read()
    #expect(finish() == true)
    #expect(machine.arrived(0, isTooLong: true) == .discard && machine.next() == "headers end")
  }

  @Test("a call is finished once")
  mutating func once() { #expect(finish() && !finish() && !machine.send(1)) }

  // MARK: The end

  @Test(
    "cancelled while a write and a read are in flight: the rest is thrown away, and the end waits for all that is out")
  mutating func cancelInFlight() {
    read()
    #expect(machine.send(1) && machine.send(2) && machine.next() == "headers 1")
    machine.breakOff()
    machine.breakOff()
    #expect(machine.queue.bytes == 1 && !finish() && !machine.send(1) && machine.next() == "nothing")
    machine.closed()
    #expect(!machine.isOver)
    #expect(machine.arrived(1) == .discard && !machine.beginRead())
    #expect(!machine.isOver, "the write is not back")
    #expect(machine.sent(true) == .nothing && machine.isOver && !machine.hasArrived)
  }

  @Test("a held status of a call that is cancelled or closed never leaves", arguments: [true, false])
  mutating func cancelHeld(cancels: Bool) {
    read()
    #expect(finish() && machine.next() != "nothing")
    if cancels { machine.breakOff() } else { machine.closed() }
    machine.release()
    #expect(machine.next(at: 99) == "nothing")
  }

  @Test("the close may come before the status is reported to have left, and before a read comes back")
  mutating func lateCompletion() {
    read()
    #expect(finish(limit: .zero) && machine.next() == "headers end")
    machine.closed()
    #expect(!machine.isOver)
    #expect(machine.sent(true) == .nothing && !machine.isOver, "a read is out")
    #expect(machine.readEnded(failed: false) == false)
    #expect(machine.isOver && machine.hasArrived)
  }

  @Test("a status that is reported not to have left has not arrived")
  mutating func lostStatus() {
    #expect(finish(limit: .zero) && machine.next() == "headers end")
    #expect(machine.sent(false) == .nothing && !machine.hasArrived && machine.next() == "nothing")
  }

  @Test("a batch or a read that could not be begun leaves nothing out")
  mutating func notBegun() {
    read()
    machine.readEnded(failed: true)
    #expect(machine.send(1) && machine.next() == "headers 1")
    machine.sent(false)
    machine.breakOff()
    machine.closed()
    #expect(machine.isOver)
  }
}
