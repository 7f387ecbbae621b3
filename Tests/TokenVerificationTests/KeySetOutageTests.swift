import Testing

@testable import TokenVerification

@Suite("Keys that cannot be fetched are told of once")
struct KeySetOutageTests {
  /// What is told after these issuers have failed.
  private func told(_ outage: inout KeySetOutage, _ issuers: [String], at seconds: Int) -> [String]? {
    for (index, issuer) in issuers.enumerated() {
      let begins = outage.note(issuer, "no network")
      #expect(begins == (index == 0), "the first failure begins the gathering, and only that")
    }
    return outage.tell(now: .seconds(seconds))?.map(\.issuer)
  }

  @Test("Issuers that fail together are one warning, and it is not repeated within five minutes")
  func together() {
    var outage = KeySetOutage()
    var warnings = [told(&outage, ["b", "a"], at: 1)]
    warnings.append(told(&outage, ["a", "b"], at: 2))
    warnings.append(told(&outage, ["b"], at: 302))
    #expect(warnings == [["a", "b"], nil, ["a", "b"]])
  }

  @Test("Another issuer, or the same after it had recovered, is told at once")
  func again() {
    var outage = KeySetOutage()
    var warnings = [told(&outage, ["a"], at: 0)]
    warnings.append(told(&outage, ["b"], at: 1))
    outage.ended("a")
    warnings.append(told(&outage, ["a"], at: 2))
    outage.forget(except: ["b"])
    warnings.append(told(&outage, ["b"], at: 3))
    #expect(warnings == [["a"], ["a", "b"], ["a", "b"], nil])
  }
}
