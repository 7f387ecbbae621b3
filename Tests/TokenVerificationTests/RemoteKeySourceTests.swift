import Locking
import Logging
import Testing

@testable import TokenVerification

@Suite("Remote key source")
struct RemoteKeySourceTests {
  /// A fetcher that answers when it is told to.
  final class GatedFetcher: KeySetFetcher {
    struct State {
      var answers: [Result<[UInt8], KeySetFetchError>]
      var isOpen: Bool
      var waiting: [CheckedContinuation<Void, Never>] = []
      var fetches = 0
    }
    let state: Locked<State>

    init(_ answers: [Result<[UInt8], KeySetFetchError>], isOpen: Bool = true) {
      state = Locked(State(answers: answers, isOpen: isOpen))
    }

    var fetches: Int { state.withLock { $0.fetches } }

    func open() {
      let waiting = state.withLock { state in
        state.isOpen = true
        defer { state.waiting = [] }
        return state.waiting
      }
      for continuation in waiting { continuation.resume() }
    }

    func fetch(_ issuer: TrustedIssuer) async throws(KeySetFetchError) -> KeySetDocument {
      await withCheckedContinuation { continuation in
        let isOpen = state.withLock { state in
          state.fetches += 1
          if !state.isOpen { state.waiting.append(continuation) }
          return state.isOpen
        }
        if isOpen { continuation.resume() }
      }
      let answer = state.withLock { $0.answers.count > 1 ? $0.answers.removeFirst() : $0.answers[0] }
      return KeySetDocument(try answer.get())
    }
  }

  private func document() throws -> [UInt8] { Array(try Fixture.issuer.get().keySetDocument.utf8) }

  private func source(
    _ fetcher: GatedFetcher, now: @escaping @Sendable () -> Duration = { .seconds(1) }
  ) throws -> RemoteKeySource {
    RemoteKeySource(
      issuers: [try TrustedIssuer(issuer: Fixture.issuer.get().issuer)], fetcher: fetcher, now: now,
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
  }

  @Test("J21: 1,000 simultaneous cold calls cause one fetch, and all are answered")
  func singleFlight() async throws {
    let fetcher = GatedFetcher([.success(try document())], isOpen: false)
    let source = try source(fetcher)
    let fixture = try Fixture(keys: source)
    let token = try fixture.goodToken
    #expect(!source.isReady)
    let accepted = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<1_000 {
        group.addTask {
          await fixture.verifier.verify(
            authorization: [token], schema: .exactly(.voiceVirtualAgent), clock: { Fixture.now }
          ).identity != nil
        }
      }
      // Opens only when the one fetch has begun; the others find it under way or done.
      while fetcher.fetches == 0 { await Task.yield() }
      fetcher.open()
      return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    #expect(accepted == 1_000)
    #expect(fetcher.fetches == 1)
    #expect(source.isReady)
    #expect(source.status.first?.keys == 1)
  }

  @Test("J25: while no keys can be had calls get UNAVAILABLE, and are answered at once after the first failure")
  func unavailable() async throws {
    let fetcher = GatedFetcher([.failure(.http(.timeout))])
    let source = try source(fetcher)
    let fixture = try Fixture(keys: source)
    for _ in 0..<3 {
      let outcome = await fixture.verifier.verify(
        authorization: [try fixture.goodToken], schema: .exactly(.voiceVirtualAgent), clock: { Fixture.now })
      #expect(outcome == .keysUnavailable(issuer: fixture.issuer.issuer))
    }
    #expect(fetcher.fetches == 1)
    #expect(!source.isReady)
    #expect(source.status.first?.lastFailure == .http(.timeout))
  }

  @Test("J24: a broken document does not replace good keys")
  func broken() async throws {
    let fetcher = GatedFetcher([.success(try document()), .success(Array("<html>".utf8))])
    let clock = ManualTime(.seconds(1))
    let source = try source(fetcher, now: { clock.now })
    await source.refresh()
    let id = try Fixture.issuer.get().keyID
    let issuer = try Fixture.issuer.get().issuer
    clock.now = .seconds(400)
    await source.refresh()
    #expect(fetcher.fetches == 2)
    guard case .malformed(.notJSON)? = source.status.first?.lastFailure else {
      Issue.record("no failure noted")
      return
    }
    guard case .found = source.lookup(issuer: issuer, keyID: id) else {
      Issue.record("the good key is gone")
      return
    }
  }

  @Test("J24: an issuer that is down for an hour costs no call anything, and is asked less and less often")
  func hourDown() async throws {
    let fetcher = GatedFetcher([.success(try document()), .failure(.http(.timeout))])
    let clock = ManualTime(.seconds(1))
    let source = try source(fetcher, now: { clock.now })
    await source.refresh()
    let fixture = try Fixture(keys: source)
    let token = try fixture.goodToken
    for second in stride(from: 300, through: 3_900, by: 5) {
      clock.now = .seconds(second)
      await source.refresh()
      for _ in 0..<3 { #expect(fixture.verify(token).identity != nil) }
    }
    // After 1, 2, 4 … 256 s, then every 5 minutes or a little less.
    #expect((12...25).contains(fetcher.fetches), "\(fetcher.fetches)")
    #expect(source.status.first?.failedFetches == fetcher.fetches - 1)
    #expect(source.isReady)
  }

  @Test("J23: a rotation is followed: the new key within 35 s, and the withdrawn one is gone after the next fetch")
  func rotation() async throws {
    let next = try DevelopmentIssuer(issuer: Fixture.issuer.get().issuer)
    let fetcher = GatedFetcher([.success(try document()), .success(Array(next.keySetDocument.utf8))])
    let clock = ManualTime(.seconds(1))
    let source = try source(fetcher, now: { clock.now })
    await source.refresh()
    let fixture = try Fixture(keys: source)
    let (old, new) = (try fixture.goodToken, try next.mint(fixture.claims))
    clock.now = .seconds(2)
    #expect(fixture.refusal(new)?.problem == .unknownKey)
    #expect(fixture.verify(old).identity != nil)
    clock.now = .seconds(32)
    let outcome = await fixture.verifier.verify(
      authorization: [new], schema: .exactly(.voiceVirtualAgent), clock: { Fixture.now })
    #expect(outcome.identity != nil)
    #expect(fixture.refusal(old)?.problem == .unknownKey)
    #expect(fetcher.fetches == 2)
  }

  /// A monotonic clock that stands still until it is set.
  final class ManualTime: Sendable {
    private let time: Locked<Duration>
    init(_ time: Duration) { self.time = Locked(time) }
    var now: Duration {
      get { time.withLock { $0 } }
      set { time.withLock { $0 = newValue } }
    }
  }

  @Test("An issuer that is not configured is asked for nothing")
  func unconfigured() async throws {
    let fetcher = GatedFetcher([.success(try document())])
    let source = try source(fetcher)
    guard case .unknown = source.lookup(issuer: "https://other.example", keyID: "k"),
      case .unknown = await source.fetch(issuer: "https://other.example", keyID: "k")
    else {
      Issue.record("another issuer's key was looked for")
      return
    }
    #expect(fetcher.fetches == 0)
  }

  @Test("Running fetches every issuer's keys and ends when it is cancelled")
  func running() async throws {
    let fetcher = GatedFetcher([.success(try document())])
    let source = try source(fetcher)
    let run = Task { await source.run() }
    while !source.isReady { await Task.yield() }
    run.cancel()
    await run.value
    #expect(fetcher.fetches == 1)
  }
}
