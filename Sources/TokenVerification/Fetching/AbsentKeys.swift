/// Key ids that an issuer was found not to have: asked again within the interval they need no wait for a fetch that is
/// under way.
///
/// What is remembered counts from the fetch that showed it, not from the question, so that it never keeps a key from
/// being found that was published since. Two generations, one a fetch, of half the capacity each: bounded, whatever a
/// flood of invented ids asks for. An id that finds no room is asked for as if it were new.
struct AbsentKeys {
  /// The most ids that are remembered.
  static let capacity = 1_024

  private struct Generation {
    var ids: Set<String> = []
    /// When the fetch began that did not bring them.
    var since: Duration = .zero
  }

  private let interval: Duration
  private var young = Generation()
  private var old = Generation()

  /// - Parameter interval: for how long an id is remembered.
  init(interval: Duration) { self.interval = interval }

  /// How many ids are remembered.
  var count: Int { young.ids.count + old.ids.count }

  /// Whether the issuer is known not to have this key.
  func contains(_ id: String, now: Duration) -> Bool {
    (now - young.since < interval && young.ids.contains(id)) || (now - old.since < interval && old.ids.contains(id))
  }

  /// Remembers that the keys which are there do not have this one.
  mutating func insert(_ id: String) {
    guard young.ids.count < Self.capacity / 2 else { return }
    young.ids.insert(id)
  }

  /// Keys have been fetched, by a fetch that began at this time: whatever is inserted from here on is not among them.
  mutating func beginGeneration(since: Duration) {
    old = young
    young = Generation(since: since)
  }
}
