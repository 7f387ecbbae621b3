import Testing
import WebexProtocol

@Suite("The window of a numbered stream")
struct SequenceWindowTests {
  private typealias Window = SequenceWindow<UInt64>

  /// Feeds numbers 20 ms apart and gives what comes out, with what is lost before it.
  private func run(_ numbers: [UInt64], window: inout Window) -> [String] {
    var out: [String] = []
    var now = Duration.zero
    for number in numbers {
      now += .milliseconds(20)
      switch window.arrive(number, now: now, copy: { number }) {
      case .next: out.append("\(number)")
      case .restart: out.append("restart \(number)")
      case .held: break
      case .late: out.append("late \(number)")
      }
      while let (packet, _, lost) = window.next(now: now) {
        out.append(lost > 0 ? "\(packet) after \(lost)" : "\(packet)")
      }
    }
    while let (packet, _, lost) = window.next(now: now + .seconds(1)) {
      out.append(lost > 0 ? "\(packet) after \(lost)" : "\(packet)")
    }
    return out
  }

  private func run(_ numbers: [UInt64]) -> (out: [String], counts: Window.Counts) {
    var window = Window()
    let out = run(numbers, window: &window)
    return (out, window.counts)
  }

  @Test("gives on at once what is in order, and never copies it")
  func order() {
    var window = Window()
    for number in 1...100 as ClosedRange<UInt64> {
      let arrival = window.arrive(number, now: .zero) {
        Issue.record("copied")
        return number
      }
      #expect(arrival == .next)
      #expect(window.next(now: .zero) == nil)
    }
    #expect(window.deadline == nil)
  }

  @Test("puts in order what overtook something")
  func reordering() {
    let (out, counts) = run([1, 3, 2, 4, 6, 7, 5, 8])
    #expect(out == ["1", "2", "3", "4", "5", "6", "7", "8"])
    #expect(counts.lost == 0)
    #expect(counts.reordered == 3)
  }

  @Test("gives up what does not come within 60 ms, and drops it when it comes after all")
  func loss() {
    let (out, counts) = run([1, 2, 4, 5, 6, 7, 3, 8])
    #expect(out == ["1", "2", "4 after 1", "5", "6", "7", "late 3", "8"])
    #expect(counts.lost == 1)
    #expect(counts.late == 1)
  }

  @Test("tells when it has to be asked at the latest, whichever packet has waited longest")
  func deadline() {
    var window = Window()
    _ = window.arrive(1, now: .zero) { 1 }
    _ = window.arrive(5, now: .milliseconds(10)) { 5 }
    _ = window.arrive(3, now: .milliseconds(30)) { 3 }
    #expect(window.deadline == .milliseconds(70))
    #expect(window.next(now: .milliseconds(69)) == nil)
    let first = window.next(now: .milliseconds(70))
    #expect(first?.packet == 3)
    #expect(first?.lost == 1)
    let second = window.next(now: .milliseconds(70))
    #expect(second?.packet == 5)
    #expect(second?.lost == 1)
  }

  @Test("drops a packet that comes twice, held or not")
  func duplicates() {
    let (out, counts) = run([1, 1, 3, 3, 2])
    #expect(out == ["1", "late 1", "late 3", "2", "3"])
    #expect(counts.late == 2)
  }

  @Test("counts what is missing at the start as lost, and begins anew where the numbers jump")
  func starts() {
    #expect(run([3, 4, 5, 6, 7]).out == ["3 after 2", "4", "5", "6", "7"])
    let (out, counts) = run([900_000, 900_001, 1, 2])
    #expect(out == ["restart 900000", "900001", "restart 1", "2"])
    #expect(counts.restarts == 2)
  }

  @Test("begins anew where nothing but old numbers come")
  func setBack() {
    var window = Window()
    _ = run(Array(1...200), window: &window)
    let out = run(Array(100...160), window: &window)
    #expect(out.prefix(49).allSatisfy { $0.hasPrefix("late") })
    #expect(out[49] == "restart 149")
    #expect(out.last == "160")
  }

  @Test("holds no more than a few, and survives the end of the numbers")
  func bounds() {
    var window = Window()
    _ = window.arrive(1, now: .zero) { 1 }
    var given = 0
    for number in stride(from: UInt64(3), through: 401, by: 2) {
      _ = window.arrive(number, now: .zero) { number }
      while window.next(now: .zero) != nil { given += 1 }
    }
    #expect(given >= 200 - Window.depth)
    #expect(window.arrive(.max, now: .zero) { .max } == .restart)
    #expect(window.arrive(0, now: .zero) { 0 } == .next)
    #expect(window.arrive(1, now: .zero) { 1 } == .next)
  }
}
