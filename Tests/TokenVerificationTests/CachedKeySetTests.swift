import Testing

@testable import TokenVerification

@Suite("Cached key set")
struct CachedKeySetTests {
  private static let key = Result { try Fixture.issuer.get().key.publicKey }

  private func set(_ id: String = "k") throws -> KeySet { KeySet(keyID: id, key: try Self.key.get()) }

  /// A cache that fetched its keys at 0 s.
  private func warm() throws -> CachedKeySet {
    var cache = CachedKeySet(timing: KeySetTiming())
    start(&cache, at: .zero)
    cache.finish(.success(try set()), now: .zero, random: 0.5)
    return cache
  }

  private func start(_ cache: inout CachedKeySet, at now: Duration) {
    let isStarted = cache.startIfDue(now: now)
    #expect(isStarted)
  }

  private func name(_ lookup: KeyLookup) -> String {
    switch lookup {
    case .found: "found"
    case .unknown: "unknown"
    case .unavailable: "unavailable"
    case .pending: "pending"
    }
  }

  @Test("J21: cold, the first question starts a fetch and the others wait for it")
  func cold() throws {
    var cache = CachedKeySet(timing: KeySetTiming())
    var starts = 0
    for _ in 0..<1_000 {
      let (lookup, startsFetch) = cache.lookup(keyID: "k", now: .zero)
      #expect(name(lookup) == "pending")
      if startsFetch { starts += 1 }
    }
    #expect(starts == 1)
    cache.finish(.success(try set()), now: .seconds(1), random: 0.5)
    #expect(name(cache.lookup(keyID: "k", now: .seconds(1)).lookup) == "found")
    #expect(cache.fetches == 1)
  }

  @Test("J21: keys are refreshed in the background after 5 minutes, give or take a tenth", arguments: [0, 0.5, 1])
  func refresh(random: Double) throws {
    var cache = CachedKeySet(timing: KeySetTiming())
    start(&cache, at: .zero)
    cache.finish(.success(try set()), now: .zero, random: random)
    let due = Duration.seconds(300) * (0.9 + 0.2 * random)
    #expect(cache.dueAt == due)
    #expect(cache.lookup(keyID: "k", now: due - .seconds(1)).startsFetch == false)
    let (lookup, startsFetch) = cache.lookup(keyID: "k", now: due)
    #expect(name(lookup) == "found")
    #expect(startsFetch)
    #expect(cache.lookup(keyID: "k", now: due).startsFetch == false)
  }

  @Test(
    "J21, J23: an issuer may have its keys fetched more often than every 5 minutes, to once a minute, and never less often",
    arguments: [(nil, 300), (21_600, 300), (300, 300), (120, 120), (60, 60), (59, 60), (0, 60)] as [(Int?, Int)])
  func cacheControl(seconds: Int?, interval: Int) throws {
    var cache = CachedKeySet(timing: KeySetTiming())
    start(&cache, at: .zero)
    cache.finish(.success(try set()), maximumAge: seconds.map { .seconds($0) }, now: .zero, random: 0.5)
    #expect(cache.dueAt == .seconds(interval))
  }

  @Test(
    "J22: an id that the issuer does not have needs no wait for the next fetch, for 30 s from the fetch that showed it")
  func absent() throws {
    var cache = try warm()
    #expect(name(cache.lookup(keyID: "x", now: .seconds(20)).lookup) == "unknown")
    start(&cache, at: .seconds(300))
    // While that fetch is under way, whoever asks for an id that nothing is known of has to wait.
    #expect(name(cache.lookup(keyID: "x", now: .seconds(300)).lookup) == "pending")
    cache.finish(.success(try set()), now: .seconds(301), random: 0.5)
    #expect(name(cache.known(keyID: "x", now: .seconds(301))) == "unknown")
    let again = cache.lookup(keyID: "other", now: .seconds(330))
    #expect(again.startsFetch)
    #expect(name(cache.lookup(keyID: "x", now: .seconds(329)).lookup) == "unknown")
    #expect(name(cache.lookup(keyID: "y", now: .seconds(329)).lookup) == "pending")
    #expect(name(cache.lookup(keyID: "x", now: .seconds(330)).lookup) == "pending")
    cache.finish(.success(try set("x")), now: .seconds(331), random: 0.5)
    #expect(name(cache.lookup(keyID: "x", now: .seconds(331)).lookup) == "found")
  }

  @Test("J22: at most 1,024 ids are remembered as absent")
  func absentIsBounded() {
    var absent = AbsentKeys(interval: .seconds(30))
    for fetch in 0..<3 {
      absent.beginGeneration(since: .seconds(fetch))
      for number in 0..<5_000 { absent.insert("\(fetch)-\(number)") }
      #expect(absent.count <= AbsentKeys.capacity)
    }
    #expect(absent.contains("2-0", now: .seconds(31)))
    #expect(!absent.contains("1-0", now: .seconds(31)))
    #expect(!absent.contains("0-0", now: .seconds(3)))
    #expect(!absent.contains("2-600", now: .seconds(3)))
  }

  @Test("J27: a time that steps back in the cache's clock, which no monotonic clock does, breaks nothing")
  func steps() throws {
    var cache = try warm()
    for now in [Duration.seconds(3_600), .seconds(10), .seconds(4_000), .zero] {
      let (lookup, startsFetch) = cache.lookup(keyID: "k", now: now)
      if startsFetch { cache.finish(.success(try set()), now: now, random: 0.5) }
      #expect(["found", "pending"].contains(name(lookup)))
      #expect(name(cache.known(keyID: "k", now: now)) == "found")
    }
  }

  @Test("J22: 100,000 unknown key ids in 60 s cost 3 fetches at most")
  func flood() throws {
    var cache = try warm()
    var fetches = 0
    for number in 0..<100_000 {
      let now = Duration.seconds(30) + .microseconds(600 * number)
      let (lookup, startsFetch) = cache.lookup(keyID: "x\(number)", now: now)
      #expect(name(lookup) == (startsFetch ? "pending" : "unknown"))
      if startsFetch {
        fetches += 1
        cache.finish(.success(try set()), now: now, random: 0.5)
      }
      if number % 1_000 == 0 { #expect(name(cache.lookup(keyID: "k", now: now).lookup) == "found") }
    }
    #expect(fetches == 2)
  }

  @Test("J23: a new key works 30 s after its publication at the latest; a withdrawn one stops within 10 min")
  func rotation() throws {
    var cache = try warm()
    // Published just after the last fetch.
    #expect(name(cache.lookup(keyID: "new", now: .seconds(1)).lookup) == "unknown")
    #expect(name(cache.lookup(keyID: "new", now: .seconds(29)).lookup) == "unknown")
    let (lookup, startsFetch) = cache.lookup(keyID: "new", now: .seconds(30))
    #expect(name(lookup) == "pending")
    #expect(startsFetch)
    cache.finish(.success(try set("new")), now: .seconds(31), random: 0.5)
    #expect(name(cache.known(keyID: "new", now: .seconds(31))) == "found")
    #expect(name(cache.known(keyID: "k", now: .seconds(31))) == "unknown")
    // Nobody asked for an hour: the old keys are not believed before they are fetched again.
    #expect(name(cache.lookup(keyID: "new", now: .seconds(3_600)).lookup) == "pending")
  }

  @Test("J24: good keys serve through an issuer's outage for a day, then calls get UNAVAILABLE")
  func outage() throws {
    var cache = try warm()
    var now = Duration.seconds(300)
    while now < .seconds(86_400) {
      let (lookup, startsFetch) = cache.lookup(keyID: "k", now: now)
      #expect(name(lookup) == "found")
      if startsFetch { cache.finish(.failure(.http(.timeout)), now: now, random: 1) }
      now += .seconds(10)
    }
    #expect(name(cache.lookup(keyID: "k", now: .seconds(86_400 + 301)).lookup) == "pending")
    cache.finish(.failure(.http(.timeout)), now: .seconds(86_400 + 301), random: 1)
    #expect(name(cache.lookup(keyID: "k", now: .seconds(86_400 + 302)).lookup) == "unavailable")
    // Every 5 minutes at most once it has failed often.
    #expect(cache.fetches < 86_400 / 300 + 20)
  }

  @Test(
    "J24: failed fetches are repeated after 1 s, then twice the time, up to 5 minutes; up to 30 s where there are no keys",
    arguments: [true, false])
  func backoff(hasKeys: Bool) throws {
    var cache = hasKeys ? try warm() : CachedKeySet(timing: KeySetTiming())
    var now = hasKeys ? cache.dueAt : .zero
    var waits: [Duration] = []
    for _ in 0..<12 {
      start(&cache, at: now)
      cache.finish(.failure(.http(.connection(code: 7))), now: now, random: 1)
      #expect(name(cache.lookup(keyID: "k", now: now).lookup) == (hasKeys ? "found" : "unavailable"))
      waits.append(cache.dueAt - now)
      now = cache.dueAt
    }
    let long = hasKeys ? [32, 64, 128, 256, 300, 300, 300] : [30, 30, 30, 30, 30, 30, 30]
    #expect(waits == ([1, 2, 4, 8, 16] + long).map { .seconds($0) })
    start(&cache, at: now)
    cache.finish(.failure(.http(.connection(code: 7))), now: now, random: 0)
    #expect(cache.dueAt - now == (hasKeys ? .seconds(225) : .seconds(22.5)))
  }

  /// A cache whose issuer has failed for so long that the background waits for minutes. Returns when it failed last.
  private func failed(_ failure: KeySetFetchError, hasKeys: Bool = true) throws -> (CachedKeySet, Duration) {
    var cache = hasKeys ? try warm() : CachedKeySet(timing: KeySetTiming())
    var now = max(cache.dueAt, .zero)
    for _ in 0..<10 {
      now = cache.dueAt
      start(&cache, at: now)
      cache.finish(.failure(failure), now: now, random: 1)
    }
    return (cache, now)
  }

  @Test(
    "J22, J23: after an outage a new key works within 30 s, however long the background waits",
    arguments: [true, false])
  func newKeyAfterOutage(hasKeys: Bool) throws {
    var (cache, failedAt) = try failed(.http(.connection(code: 7)), hasKeys: hasKeys)
    #expect(cache.dueAt - failedAt >= .seconds(30))
    // The issuer is back from here on.
    let early = cache.lookup(keyID: "new", now: failedAt + .seconds(29))
    #expect(name(early.lookup) == "unavailable")
    #expect(!early.startsFetch)
    let question = cache.lookup(keyID: "new", now: failedAt + .seconds(30))
    #expect(name(question.lookup) == "pending")
    #expect(question.startsFetch)
    // Whoever asks meanwhile waits for the same fetch.
    let other = cache.lookup(keyID: "another", now: failedAt + .seconds(30))
    #expect(name(other.lookup) == "pending")
    #expect(!other.startsFetch)
    cache.finish(.success(try set("new")), now: failedAt + .seconds(31), random: 0.5)
    #expect(name(cache.known(keyID: "new", now: failedAt + .seconds(31))) == "found")
  }

  @Test("J23, J24: a question for a new key has the keys fetched as soon as the repetition of a failed fetch is due")
  func newKeyAfterAShortOutage() throws {
    var cache = try warm()
    let question = cache.lookup(keyID: "new", now: .seconds(40))
    #expect(question.startsFetch)
    cache.finish(.failure(.status(503, retryAfter: nil)), now: .seconds(41), random: 1)
    // The issuer is back from here on.
    let early = cache.lookup(keyID: "new", now: .seconds(41.9))
    #expect(name(early.lookup) == "unavailable")
    #expect(!early.startsFetch)
    let again = cache.lookup(keyID: "new", now: .seconds(42))
    #expect(name(again.lookup) == "pending")
    #expect(again.startsFetch)
    cache.finish(.success(try set("new")), now: .seconds(42.1), random: 0.5)
    #expect(name(cache.lookup(keyID: "new", now: .seconds(42.1)).lookup) == "found")
  }

  @Test("J22: invented key ids in an outage cost a fetch in 30 s, and the background's in its own time")
  func floodInOutage() throws {
    var (cache, failedAt) = try failed(.http(.timeout))
    var fetches = 0
    for number in 0..<60_000 {
      let now = failedAt + .milliseconds(10 * number)
      let (lookup, startsFetch) = cache.lookup(keyID: "x\(number)", now: now)
      #expect(name(lookup) == (startsFetch ? "pending" : "unavailable"))
      guard startsFetch else { continue }
      fetches += 1
      cache.finish(.failure(.http(.timeout)), now: now, random: 1)
    }
    // Ten minutes.
    #expect(fetches == 19)
    #expect(name(cache.lookup(keyID: "k", now: failedAt + .seconds(600)).lookup) == "found")
  }

  @Test("J24: an unknown key id does not overrule the issuer's Retry-After; a later answer without one ends it")
  func retryAfterOfUnknownKeys() throws {
    var (cache, failedAt) = try failed(.status(429, retryAfter: 120))
    for seconds in [30, 60, 119] {
      let (lookup, startsFetch) = cache.lookup(keyID: "new", now: failedAt + .seconds(seconds))
      #expect(name(lookup) == "unavailable")
      #expect(!startsFetch)
    }
    let question = cache.lookup(keyID: "new", now: failedAt + .seconds(120))
    #expect(question.startsFetch)
    cache.finish(.failure(.http(.timeout)), now: failedAt + .seconds(121), random: 1)
    #expect(cache.lookup(keyID: "new", now: failedAt + .seconds(150)).startsFetch)
  }

  @Test(
    "J24: Retry-After is followed, for 10 minutes at most",
    arguments: [(nil, 1), (0, 1), (30, 30), (600, 600), (86_400, 600)] as [(Int?, Int)])
  func retryAfter(seconds: Int?, wait: Int) {
    var cache = CachedKeySet(timing: KeySetTiming())
    start(&cache, at: .zero)
    cache.finish(.failure(.status(429, retryAfter: seconds)), now: .zero, random: 1)
    #expect(cache.dueAt == .seconds(wait))
  }

  @Test(
    "J24: an empty set does not replace good keys; while the issuer fails an unknown key is not held against a call")
  func emptySet() throws {
    var cache = try warm()
    start(&cache, at: .seconds(300))
    cache.finish(.success(try KeySet(parsing: Array(#"{"keys":[]}"#.utf8))), now: .seconds(300), random: 1)
    #expect(cache.lastFailure == .noUsableKeys)
    #expect(name(cache.lookup(keyID: "k", now: .seconds(300)).lookup) == "found")
    #expect(name(cache.lookup(keyID: "new", now: .seconds(300)).lookup) == "unavailable")
    #expect(cache.lookup(keyID: "k", now: .seconds(301)).startsFetch)
    cache.finish(.success(try set()), now: .seconds(301), random: 1)
    #expect(cache.failures == 0)
    #expect(cache.lastFailure == nil)
  }
}
