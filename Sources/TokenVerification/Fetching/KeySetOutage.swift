/// Which issuers' keys cannot be fetched, and what of that is still to be told: once for all that fail together, and
/// again when another one fails or five minutes have passed.
struct KeySetOutage: Sendable {
  /// How long failures are gathered before they are told.
  static let gathering: Duration = .milliseconds(500)
  /// How long the failure of the same issuers is not told again.
  static let repetition: Duration = .seconds(300)

  /// An issuer that fails.
  struct Failure: Sendable, Equatable {
    var issuer: String
    var reason: String
  }

  private var failing: [String: String] = [:]
  private var told: Set<String> = []
  private var toldAt: Duration?
  private var isGathering = false

  /// A fetch has failed; true where gathering begins with it.
  mutating func note(_ issuer: String, _ reason: String) -> Bool {
    failing[issuer] = reason
    defer { isGathering = true }
    return !isGathering
  }

  /// An issuer's keys were fetched.
  mutating func ended(_ issuer: String) {
    failing[issuer] = nil
    told.remove(issuer)
  }

  /// Other issuers are not trusted any more.
  mutating func forget(except issuers: Set<String>) {
    failing = failing.filter { issuers.contains($0.key) }
    told.formIntersection(issuers)
  }

  /// What is to be told now, by issuer; `nil` where nothing is new. Ends the gathering.
  mutating func tell(now: Duration) -> [Failure]? {
    isGathering = false
    let isNew = !told.isSuperset(of: failing.keys)
    guard !failing.isEmpty, isNew || toldAt.map({ now - $0 >= Self.repetition }) ?? true else { return nil }
    told.formUnion(failing.keys)
    toldAt = now
    return failing.map { Failure(issuer: $0.key, reason: $0.value) }.sorted { $0.issuer < $1.issuer }
  }
}
