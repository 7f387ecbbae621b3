import Locking
import Testing

@testable import CallGateway

@Suite("PerLoop has one value for each loop, made when it is first asked for")
struct PerLoopTests {
  private final class Value {}

  @Test("each loop is given its own, and the same each time")
  func own() {
    let made = Locked(0)
    let values = PerLoop<Value> {
      made.withLock { $0 += 1 }
      return Value()
    }
    #expect(made.withLock { $0 } == 0)
    let loops = ManualLoops(2)
    func value(_ loop: Int) -> Value { loops.run(on: loops.loops[loop]) { values.on(loops.loops[loop]) } }
    let (first, second) = (value(0), value(1))
    #expect(first !== second && value(0) === first && value(1) === second)
    #expect(made.withLock { $0 } == 2)
  }
}
