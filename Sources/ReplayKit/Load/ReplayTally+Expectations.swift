/// How often one thing that was expected of an answer came.
public struct ExpectationCount: Sendable, Equatable {
  /// Calls in which it was as expected.
  public var kept = 0
  /// Calls in which it was not.
  public var failed = 0
  /// What came instead, the first time.
  public var seen: String?

  static func + (left: Self, right: Self) -> Self {
    Self(kept: left.kept + right.kept, failed: left.failed + right.failed, seen: left.seen ?? right.seen)
  }
}

extension ReplayTally {
  /// Adds what became of a recorded call's expectations. A call that failed is an error of its own already.
  mutating func judge(_ caller: Caller, by script: CallScript) {
    guard let recorded = script.recorded, let outcome = caller.outcome else { return }
    if case .failed = outcome { return }
    for expected in recorded.expectations(caller) {
      var count = expectations[expected.id] ?? ExpectationCount()
      if expected.isKept {
        count.kept += 1
      } else {
        count.failed += 1
        if count.seen == nil { count.seen = expected.seen }
        errors["NOT_AS_EXPECTED", default: 0] += 1
      }
      expectations[expected.id] = count
    }
  }
}
