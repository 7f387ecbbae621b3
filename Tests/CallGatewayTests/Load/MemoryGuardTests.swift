import Testing

@testable import CallGateway

@Suite("Memory for calls")
struct MemoryGuardTests {
  @Test("without a limit every call is admitted")
  func unlimited() {
    let memory = MemoryGuard()
    memory.update(resident: 1 << 40, limit: nil)
    #expect(memory.admit() && memory.reason == nil)
  }

  @Test("R9: at 90 % of the limit new calls are refused, in words, and below it they are admitted again")
  func limit() {
    let memory = MemoryGuard()
    memory.update(resident: 90 << 20, limit: 100 << 20)
    #expect(!memory.admit())
    #expect(memory.reason == "memory is short: the process has 90 MiB, and takes on calls up to 90 MiB")
    memory.update(resident: 80 << 20, limit: 100 << 20)
    #expect(memory.admit() && memory.reason == nil)
  }

  @Test("a burst between two readings is bounded by what a call is taken to need")
  func burst() {
    let memory = MemoryGuard()
    memory.update(resident: 80 << 20, limit: 100 << 20)
    let admitted = (0..<1_000).filter { _ in memory.admit() }.count
    #expect(admitted == 79, "10 MiB in pieces of 128 KiB")
    memory.update(resident: 85 << 20, limit: 100 << 20)
    #expect(memory.admit())
  }
}
