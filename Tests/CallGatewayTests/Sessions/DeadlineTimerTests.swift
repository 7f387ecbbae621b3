import Testing

@testable import CallGateway

@Suite("A session's timer")
struct DeadlineTimerTests {
  private final class Session {
    let loops = ManualLoops()
    var timer = DeadlineTimer()
    var fired: [Duration] = []

    var loop: ManualLoop { loops.loops[0] }
    var now: Duration { loop.now }

    func set(_ deadline: Duration?) {
      loops.run(on: loop) { timer.set(deadline, on: loop) { self.fired.append(self.now) } }
    }
  }

  @Test("An earlier deadline counts at once; a later one is left to who is woken for the one before")
  func deadlines() {
    let session = Session()
    let begin = session.now
    session.set(begin + .seconds(5))
    session.set(begin + .seconds(2))
    session.set(begin + .seconds(9))
    session.loops.advance(by: .seconds(20))
    #expect(session.fired == [begin + .seconds(2)])
    session.set(begin + .seconds(9))
    session.loops.advance(by: .zero)
    #expect(session.fired.count == 2, "what is due already is done at once")
  }

  @Test("No deadline is never, and so is a timer that was cancelled")
  func never() {
    let session = Session()
    session.set(session.now + .seconds(1))
    session.set(nil)
    session.loops.advance(by: .seconds(2))
    session.set(session.now + .seconds(1))
    session.loops.run(on: session.loop) { session.timer.cancel() }
    session.loops.advance(by: .seconds(2))
    #expect(session.fired.isEmpty)
    session.set(session.now + .seconds(1))
    session.loops.advance(by: .seconds(2))
    #expect(session.fired.count == 1)
  }
}
