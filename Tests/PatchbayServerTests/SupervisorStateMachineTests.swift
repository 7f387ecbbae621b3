import Testing

@testable import PatchbayServer

@Suite("A supervisor of processes")
struct SupervisorStateMachineTests {
  private typealias Look = SupervisorStateMachine.Look
  private let ready = Look(isReady: true, isStarting: false, silence: .zero)
  private let starting = Look(isReady: false, isStarting: true, silence: .zero)

  private func running(_ count: Int) -> SupervisorStateMachine {
    var machine = SupervisorStateMachine(count: count)
    #expect(machine.begin(now: .zero) == (0..<count).map { .start($0) })
    #expect(machine.look(Array(repeating: ready, count: count), now: .seconds(1)) == [.announce])
    return machine
  }

  @Test("says that it is there when all are, once")
  func announcement() {
    var machine = SupervisorStateMachine(count: 2)
    _ = machine.begin(now: .zero)
    #expect(machine.look([ready, starting], now: .seconds(1)) == [])
    #expect(machine.look([ready, ready], now: .seconds(2)) == [.announce])
    #expect(machine.look([ready, ready], now: .seconds(3)) == [])
  }

  @Test("a process that dies is started again after waits that grow, and begins anew after a long run")
  func waits() {
    var machine = running(2)
    var now = Duration.seconds(10)
    var waits: [Duration] = []
    for _ in 0..<12 {
      #expect(machine.ended(1, code: 1, now: now) == [])
      let due = machine.waits(1) ?? .zero
      waits.append(due - now)
      #expect(machine.look([ready, starting], now: due - .milliseconds(1)) == [])
      #expect(machine.look([ready, starting], now: due) == [.start(1)])
      now = due + .milliseconds(50)
    }
    #expect(waits.prefix(4) == [.milliseconds(100), .milliseconds(200), .milliseconds(400), .milliseconds(800)])
    #expect(waits.last == .seconds(30))
    now += .seconds(61)
    _ = machine.ended(1, code: 1, now: now)
    #expect(machine.waits(1) == now + .milliseconds(100))
  }

  @Test("a process that ends in order is started again at once")
  func orderly() {
    var machine = running(2)
    _ = machine.ended(0, code: 0, now: .seconds(5))
    #expect(machine.look([starting, ready], now: .seconds(5)) == [.start(0)])
  }

  @Test("a process that cannot start ends all, with its exit code")
  func start() {
    var machine = SupervisorStateMachine(count: 3)
    _ = machine.begin(now: .zero)
    #expect(
      machine.ended(1, code: 78, now: .seconds(1)) == [
        .tell(0, .drain), .tell(2, .drain), .tell(0, .hurry), .tell(2, .hurry),
      ])
    #expect(machine.ended(0, code: 0, now: .seconds(2)) == [])
    #expect(machine.ended(2, code: 1, now: .seconds(2)) == [.exit(78)])
  }

  @Test("drains all, hurries all, and ends when the last has")
  func drain() {
    var machine = running(2)
    #expect(machine.ordered(.reload) == [.tell(0, .reload), .tell(1, .reload)])
    #expect(machine.ordered(.drain) == [.tell(0, .drain), .tell(1, .drain)])
    #expect(machine.ordered(.drain) == [])
    #expect(machine.ordered(.reload) == [])
    #expect(machine.ended(0, code: 0, now: .seconds(5)) == [])
    #expect(machine.ordered(.hurry) == [.tell(1, .hurry)])
    #expect(machine.ended(1, code: 0, now: .seconds(6)) == [.exit(0)])
  }

  @Test("does not start one again that waits when all are to end")
  func drainWhileOneWaits() {
    var machine = running(2)
    _ = machine.ended(0, code: 1, now: .seconds(5))
    #expect(machine.ordered(.drain) == [.tell(1, .drain)])
    #expect(machine.look([starting, ready], now: .seconds(50)) == [])
    #expect(machine.ended(1, code: 1, now: .seconds(51)) == [.exit(1)])
  }

  @Test("ends a process that stands still, once, and starts it again")
  func silence() {
    var machine = running(2)
    let silent = Look(isReady: true, isStarting: false, silence: .seconds(31))
    #expect(machine.look([silent, ready], now: .seconds(60)) == [.kill(0)])
    #expect(machine.look([silent, ready], now: .seconds(61)) == [])
    _ = machine.ended(0, code: 1, now: .seconds(61))
    #expect(machine.look([starting, ready], now: .seconds(62)) == [.start(0)])
    let slow = Look(isReady: false, isStarting: true, silence: .seconds(100))
    #expect(machine.look([slow, ready], now: .seconds(170)) == [], "a start may take longer")
  }
}
