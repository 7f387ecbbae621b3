import CallGateway
import Testing

@Suite("R3: calls are kept from a bot that fails")
struct CircuitBreakerTests {
  private func opened() -> CircuitBreaker {
    var breaker = CircuitBreaker()
    for second in 1...5 { breaker.failed(now: .seconds(second)) }
    return breaker
  }

  @Test("after five failures within ten seconds")
  func opens() {
    var breaker = CircuitBreaker()
    for second in 1...4 { breaker.failed(now: .seconds(second)) }
    #expect(!breaker.isOpen)
    breaker.failed(now: .seconds(10))
    #expect(breaker.isOpen)
    let isAdmitted = breaker.admit(now: .seconds(11))
    #expect(!isAdmitted)
  }

  @Test("after five failures in a row, whatever the time between them")
  func inRow() {
    var breaker = CircuitBreaker()
    for failure in 1...4 { breaker.failed(now: .seconds(3600 * failure)) }
    #expect(!breaker.isOpen)
    breaker.failed(now: .seconds(3600 * 5))
    #expect(breaker.isOpen)
  }

  @Test("not after failures that are apart, with calls between them that were answered")
  func apart() {
    var breaker = CircuitBreaker()
    for failure in 0..<100 {
      breaker.failed(now: .milliseconds(2500 * failure))
      breaker.succeeded()
    }
    #expect(!breaker.isOpen)
  }

  @Test("after five failures within ten seconds, although other calls were answered")
  func amongOthers() {
    var breaker = CircuitBreaker()
    for failure in 1...5 {
      breaker.succeeded()
      breaker.failed(now: .seconds(failure))
    }
    #expect(breaker.isOpen)
  }

  @Test("after five calls in a row that were greeted, and then failed")
  func afterGreetings() {
    var breaker = CircuitBreaker()
    for failure in 1...5 {
      breaker.succeeded(at: .greeting)
      #expect(!breaker.isOpen && breaker.failuresInRow == failure - 1)
      breaker.failed(at: .turns, now: .seconds(3600 * failure))
    }
    #expect(breaker.isOpen)
    breaker.succeeded(at: .greeting)
    #expect(breaker.isOpen, "a greeting is no news of such a bot")
    breaker.succeeded(at: .turns)
    #expect(!breaker.isOpen && breaker.failuresInRow == 0)
  }

  @Test("a greeting makes up for calls that got none")
  func greetings() {
    var breaker = CircuitBreaker()
    for failure in 1...20 {
      breaker.failed(at: .greeting, now: .seconds(60 * failure))
      if failure % 4 == 0 { breaker.succeeded(at: .greeting) }
    }
    #expect(!breaker.isOpen)
    for failure in 1...5 { breaker.failed(at: .greeting, now: .seconds(3600 * failure)) }
    #expect(breaker.isOpen)
    breaker.succeeded(at: .greeting)
    #expect(!breaker.isOpen)
  }

  @Test("but for one every five seconds, which tries whether it is back")
  func probes() {
    var breaker = opened()
    let admitted = [9_999, 10_000, 10_001, 14_999, 15_000].map { breaker.admit(now: .milliseconds($0)) }
    #expect(admitted == [false, true, false, false, true])
  }

  @Test("until one of them succeeds")
  func closes() {
    var breaker = opened()
    _ = breaker.admit(now: .seconds(10))
    breaker.failed(now: .seconds(11))
    #expect(breaker.isOpen, "a probe that fails changes nothing")
    breaker.succeeded()
    #expect(!breaker.isOpen)
    breaker.failed(now: .seconds(12))
    #expect(!breaker.isOpen, "the old failures are forgotten")
  }
}
