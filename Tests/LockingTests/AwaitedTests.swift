import Locking
import Testing

@Suite("Values that are waited for")
struct AwaitedTests {
  @Test("What is there is found at once")
  func found() async {
    let numbers = Awaited([1, 2])
    #expect(await numbers.first { $0.popLast() } == 2)
    #expect(numbers.withLock { $0 } == [1])
  }

  @Test("Every change is seen, by one of the tasks that wait")
  func changes() async {
    let numbers = Awaited([Int]())
    await withTaskGroup(of: [Int].self) { group in
      for _ in 0..<4 {
        group.addTask {
          var found: [Int] = []
          while let number = await numbers.first(isolation: nil, { $0.popLast() }), number > 0 { found.append(number) }
          return found
        }
      }
      group.addTask {
        for number in 1...10_000 { numbers.change { $0.append(number) } }
        // An end for each, under all the rest.
        numbers.change { $0.insert(contentsOf: [0, 0, 0, 0], at: 0) }
        return []
      }
      let found = await group.reduce(into: []) { $0 += $1 }
      #expect(found.sorted() == Array(1...10_000))
    }
  }

  @Test("A task that is cancelled waits no longer, cancelled before it waits or after")
  func cancellation() async {
    for delay in 0..<200 {
      let numbers = Awaited([Int]())
      let task = Task { await numbers.first(isolation: nil) { $0.popLast() } }
      for _ in 0..<delay { await Task.yield() }
      task.cancel()
      #expect(await task.value == nil)
    }
  }

  @Test("Who waits with a limit gets what is there or comes, and nothing after the limit")
  func limit() async {
    let numbers = Awaited([1])
    #expect(await numbers.first(within: .zero) { $0.popLast() } == 1)
    #expect(await numbers.first(within: .milliseconds(5)) { $0.popLast() } == nil)
    async let later = numbers.first(within: .seconds(60)) { $0.popLast() }
    numbers.change { $0.append(2) }
    #expect(await later == 2)
  }
}
