import Testing

@testable import CallGateway

@Suite("How many calls are open")
struct OpenCountTests {
  @Test("One more than may be is counted in and told apart, until it leaves")
  func bound() {
    let calls = OpenCount()
    #expect(calls.enter(most: 2) && calls.enter(most: 2))
    #expect(!calls.enter(most: 2) && calls.count == 3)
    calls.leave()
    calls.leave()
    #expect(calls.enter(most: 2) && calls.count == 2)
  }

  @Test("The last that leaves ends the wait")
  func none() async {
    let calls = OpenCount()
    await calls.waitForNone(within: .seconds(3_600))
    calls.enter()
    calls.enter()
    async let wait: Void = calls.waitForNone(within: .seconds(3_600))
    calls.leave()
    calls.leave()
    await wait
    #expect(calls.count == 0)
  }

  @Test("A wait ends with its time, or when nobody is to be waited for")
  func givenUp() async {
    let calls = OpenCount()
    calls.enter()
    await calls.waitForNone(within: .milliseconds(1))
    async let wait: Void = calls.waitForNone(within: .seconds(3_600))
    calls.waitNoLonger()
    await wait
    await calls.waitForNone(within: .seconds(3_600))
    #expect(calls.count == 1)
  }
}
