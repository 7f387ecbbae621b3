import Locking
import Testing
import TokenVerification
import WebexStandIn

@testable import DataSources

/// A registrar beside the stand-in, and a verifier that takes the nonces that it is told.
private final class Server: Sendable {
  let webex: Webex
  let registrar: Registrar
  let verifier: TokenVerifier
  let book = LogBook()

  init(
    _ webex: Webex, _ desired: DesiredRegistration = Webex.desired(), lease: any RenewalLease = SoleLease(),
    edit: (inout RenewalTiming) -> Void = { _ in }
  ) throws {
    self.webex = webex
    let issuer = "https://idbroker.webex.com/idb"
    let keys = try KeySet(
      parsing: webex.state.withLock {
        $0.platform.respond(to: .init(path: WebexPlatform.keySetPath), now: $0.now.wall).body
      })
    let verifier = TokenVerifier(
      policy: ClaimPolicy(
        issuers: [issuer],
        tenants: [try Tenant(organization: Webex.organization, name: "Example", url: Webex.url)]),
      keys: StaticKeySource([issuer: keys]))
    self.verifier = verifier
    let tenants = TenantDirectory(verifier)
    var timing = RenewalTiming()
    edit(&timing)
    registrar = Registrar(
      [.init(desired, client: webex.client())], lease: lease, timing: timing, now: { webex.now }, log: book.logger
    ) {
      tenants.accept(nonces: $0.nonces, organization: $0.organization, url: $0.url, isAll: $0.isAll)
    }
  }

  /// Lets time pass, second by second as far as there is something to do.
  func live(_ seconds: Int64) async {
    let end = webex.now.monotonic + .seconds(seconds)
    while webex.now.monotonic < end {
      let wake = await registrar.round()
      let wait = max(1, (min(wake, end) - webex.now.monotonic).components.seconds)
      webex.pass(wait)
    }
    _ = await registrar.round()
  }

  func takes(_ token: String?) -> Bool {
    guard let token else { return false }
    let outcome = verifier.verify(
      authorization: [token], schema: .exactly(.voiceVirtualAgent), now: webex.now.wall)
    if case .accepted = outcome { return true }
    return false
  }
}

@Suite("Registrations are looked after")
struct RegistrarTests {
  @Test("A data source that is not there is registered, and its token is taken")
  func registers() async throws {
    let webex = try Webex()
    let server = try Server(webex)
    _ = await server.registrar.round()
    #expect(webex.calls == ["GET /dataSources", "POST /dataSources"])
    let source = try #require(webex.sources.first)
    #expect(source.registration.audience == "patchbay")
    #expect(server.takes(source.token))
    let status = try #require(server.registrar.statuses.first)
    #expect(status.state == .active)
    #expect(status.secondsLeft(now: webex.now.wall) == 180)
    #expect(status.notice == 45, "half of the half of its life in which it is to be renewed")
    #expect(server.book.text.contains("notice the data source has been registered"))
  }

  @Test("A life of 3 minutes is renewed ten times, each with a fresh nonce, and no good token is ever refused")
  func renews() async throws {
    let webex = try Webex()
    let server = try Server(webex)
    _ = await server.registrar.round()
    var tokens: [(token: String, nonce: String, expiry: Int64)] = []
    let begin = webex.now.wall
    while tokens.count < 11 {
      let source = try #require(webex.sources.first)
      if tokens.last?.token != source.token {
        tokens.append((source.token, source.registration.nonce, source.tokenExpiry))
      }
      #expect(webex.now.wall < source.tokenExpiry - 18, "never later than with a tenth of its life left")
      let isEnding = server.registrar.statuses.first?.isEnding(now: webex.now.wall)
      #expect(isEnding == false, "a short life that is renewed in time worries nobody")
      for (token, _, expiry) in tokens where webex.now.wall < expiry { #expect(server.takes(token)) }
      #expect(webex.now.wall - begin < 2_000)
      await server.live(1)
    }
    #expect(Set(tokens.map(\.nonce)).count == 11)
    #expect(webex.calls.filter { $0.hasPrefix("PUT") }.count == 10)
    // A nonce is not taken for good: what has ended stays ended even for a token that would live longer.
    await server.live(300)
    let stale = try #require(tokens.first).nonce
    let tenant = try Tenant(organization: Webex.organization, name: "Example", url: Webex.url, nonces: [stale])
    let forged = try webex.state.withLock { state in
      let key = try #require(state.platform.keys.last)
      return try key.mint(key.claims(for: tenant, now: state.now.wall, lifetime: 600))
    }
    #expect(!server.takes(forged))
  }

  @Test("A day's token is renewed with at least a tenth of its life left, a short one at half of it")
  func leads() {
    var timing = RenewalTiming()
    #expect(timing.lead(life: 86_400) == 8_640)
    #expect(timing.lead(life: 36_000) == 3_600)
    #expect(timing.lead(life: 7_000) == 3_500)
    #expect(timing.lead(life: 180) == 90)
    timing.renewBefore = .seconds(60)
    #expect(timing.lead(life: 86_400) == 8_640)
    #expect(timing.lead(life: 300) == 60)
  }

  /// The calls of a day of a server whose tokens live for less than it asks for.
  private func day(granted minutes: Int64, asked: Int = 1_440) async throws -> (Webex, Server, puts: [Int64]) {
    let webex = try Webex()
    webex.state.withLock { $0.platform.settings.longestTokenMinutes = minutes }
    let server = try Server(webex, Webex.desired { $0.lifetimeMinutes = asked })
    let begin = webex.now.wall
    while webex.now.wall < begin + 21_600 {
      await server.live(5)
      if let source = webex.sources.first {
        #expect(webex.now.wall < source.tokenExpiry, "no token ends")
        #expect(server.takes(source.token))
      }
    }
    return (webex, server, webex.state.withLock { $0.log.filter { $0.call.hasPrefix("PUT") }.map(\.at) })
  }

  @Test(
    "What is granted counts, not what was asked for: a shorter life is renewed by its own measure, with one warning",
    arguments: [(120, 5...6), (60, 11...13), (10, 70...80)] as [(Int64, ClosedRange<Int>)])
  func grantedLess(minutes: Int64, renewals: ClosedRange<Int>) async throws {
    let (_, server, puts) = try await day(granted: minutes)
    #expect(renewals.contains(puts.count), "\(puts.count) in six hours")
    #expect(server.book.text.split(separator: "\n").filter { $0.contains("shorter life") }.count == 1)
    #expect(server.book.text.contains("asked_s=86400 granted_s=\(minutes * 60)"))
  }

  @Test("A life of a minute where a day was asked for is kept alive without a loop")
  func grantedAMinute() async throws {
    let (_, _, puts) = try await day(granted: 1)
    let gaps = zip(puts.dropFirst(), puts).map { $0 - $1 }
    #expect(gaps.allSatisfy { $0 >= 10 } && puts.count < 21_600 / 20)
  }

  /// A life cycle beside a service that answers every change with `answer` of what was sent. Returns when changes were made.
  private func changes(
    seconds: Int64, _ answer: (DataSourceFields, _ now: Int64) -> DataSource
  ) -> (times: [Int64], cycle: RegistrationLifeCycle, events: [RegistrationEvent]) {
    var cycle = RegistrationLifeCycle(Webex.desired { $0.lifetimeMinutes = 1_440 })
    var random = SystemRandomNumberGenerator()
    var now = Moment(wall: 1_800_000_000, monotonic: .seconds(1_000))
    let begin = now.wall
    var source: DataSource?
    var times: [Int64] = []
    var events: [RegistrationEvent] = []
    func pass(_ seconds: Int64) {
      now.wall += seconds
      now.monotonic += .seconds(seconds)
    }
    while now.wall < begin + seconds {
      switch cycle.next(now: now, using: &random) {
      case .announce: cycle.announced(now: now)
      case .wait(let until): pass(max(1, (until - now.monotonic).components.seconds))
      case .send(.list): cycle.received(.success(.all(source.map { [$0] } ?? [])), now: now, using: &random)
      case .send(.read):
        cycle.received(.success(.one(source ?? answer(Webex.fields(), now.wall))), now: now, using: &random)
      case .send(.create(let fields)), .send(.replace(_, let fields)):
        times.append(now.wall - begin)
        source = answer(fields, now.wall)
        cycle.received(.success(.one(source ?? answer(fields, now.wall))), now: now, using: &random)
      case .send: break
      }
      events += cycle.takeEvents()
    }
    return (times, cycle, events)
  }

  private func registered(
    _ fields: DataSourceFields, expiry: Int64?, minutes: Int? = nil, url: String? = nil
  ) -> DataSource {
    DataSource(
      id: "one", schemaID: fields.schemaID, url: url ?? fields.url, audience: fields.audience, subject: fields.subject,
      nonce: fields.nonce, lifetimeMinutes: minutes, status: "active", expiry: expiry)
  }

  @Test("A service that registers a shorter life than was asked for is asked once, not again and again")
  func imposedLife() {
    let (times, cycle, events) = changes(seconds: 36_000) { registered($0, expiry: $1 + 7_200, minutes: 120) }
    #expect((9...12).contains(times.count), "\(times)")
    #expect(cycle.failures == 0)
    #expect(events.filter { if case .grantedLess = $0 { true } else { false } }.count == 1)
  }

  @Test("A service that tells neither when a token ends nor how long it lives has it renewed as asked for")
  func untoldLife() {
    let (times, cycle, _) = changes(seconds: 86_400 * 2) { fields, _ in registered(fields, expiry: nil) }
    #expect((2...4).contains(times.count), "\(times)")
    #expect(cycle.failures == 0)
  }

  @Test("A token that has ended when it is made is not asked for again and again")
  func endedAtOnce() {
    let (times, _, _) = changes(seconds: 3_600) { registered($0, expiry: $1 - 60, minutes: 1_440) }
    let gaps = zip(times.dropFirst(), times).map { $0 - $1 }
    #expect(gaps.allSatisfy { $0 >= 10 } && times.count < 25, "\(times)")
    #expect(gaps.last ?? 0 >= 200)
  }

  @Test(
    "A field that the service never registers as it was sent is sent again less and less often, down to once an hour")
  func neverMended() {
    let (times, _, _) = changes(seconds: 86_400) {
      registered($0, expiry: $1 + 86_400, minutes: 1_440, url: "https://VOICE.example.com:443")
    }
    let gaps = zip(times.dropFirst(), times).map { $0 - $1 }
    #expect(gaps.allSatisfy { $0 >= 10 } && times.count < 45, "\(times)")
    #expect(gaps.last ?? 0 >= 3_000)
  }

  @Test(
    "What has drifted is mended by a full PUT with a fresh nonce",
    arguments: ["audience", "subject", "lifetime", "url", "schema"])
  func mends(field: String) async throws {
    let webex = try Webex()
    let source = try await webex.client().source(
      .create(
        Webex.fields {
          switch field {
          case "audience": $0.audience = "other"
          case "subject": $0.subject = "other"
          case "lifetime": $0.lifetimeMinutes = 7
          case "url": $0.url = "https://old.example.com"
          default: $0.schemaID = SchemaID.audioForking.rawValue
          }
        }))
    let server = try Server(webex, Webex.desired { $0.id = source.id })
    webex.forgetCalls()
    _ = await server.registrar.round()
    #expect(webex.calls == ["GET /dataSources/…", "PUT /dataSources/…"])
    let mended = try #require(webex.sources.first)
    #expect(mended.id == source.id)
    #expect(mended.registration.nonce != "first")
    #expect(Webex.desired().drift(of: try await webex.client().source(.read(id: source.id))) == [])
    #expect(server.takes(mended.token))
    #expect(server.book.text.contains("fields=\(field)"))
    webex.forgetCalls()
    await server.live(30)
    #expect(webex.calls.isEmpty, "nothing is asked again before it is due")
  }

  @Test("A data source that was disabled with a reason is left so, loudly; one that lacks a reason is drift")
  func disabled() async throws {
    let webex = try Webex()
    _ = try await webex.client().source(
      .create(
        Webex.fields {
          $0.status = .disabled
          $0.errorMessage = "maintenance"
        }))
    let server = try Server(webex)
    await server.live(400)
    let source = try #require(webex.sources.first)
    #expect(source.registration.status == "disabled" && source.registration.errorMessage == "maintenance")
    #expect(source.registration.nonce != "first", "it is renewed all the same")
    #expect(server.registrar.statuses.first?.state == .disabled)
    #expect(server.book.text.contains("reason=maintenance"))
    var silent = try #require(try await webex.client().list().first)
    silent.errorMessage = nil
    #expect(Webex.desired().drift(of: silent) == ["status"])
    let closing = Webex.desired { $0.disabledBecause = "closed" }
    #expect(closing.drift(of: silent) == ["error message"])
  }

  @Test("The configuration disables with its message, and enables again")
  func disablesOnRequest() async throws {
    let webex = try Webex()
    let server = try Server(webex)
    _ = await server.registrar.round()
    await server.registrar.configure([
      .init(Webex.desired { $0.disabledBecause = "moving house" }, client: webex.client())
    ])
    // Not sooner after the registration than changes may follow each other.
    await server.live(11)
    #expect(webex.sources.first?.registration.status == "disabled")
    #expect(webex.sources.first?.registration.errorMessage == "moving house")
    #expect(server.takes(webex.sources.first?.token))
  }

  @Test("A service that fails until the token has ended is told of loudly, and the registration recovers")
  func lapses() async throws {
    let webex = try Webex()
    let server = try Server(webex)
    _ = await server.registrar.round()
    webex.fail(.status(503, retryAfter: nil))
    await server.live(100)
    #expect(server.book.text.contains("warning the data source could not be looked after"))
    #expect(server.registrar.statuses.first?.isEnding(now: webex.now.wall) == false, "80 seconds are left")
    await server.live(40)
    #expect(server.registrar.statuses.first?.isEnding(now: webex.now.wall) == true)
    await server.live(100)
    #expect(server.registrar.statuses.first?.state == .lapsed)
    #expect(server.registrar.statuses.first?.secondsLeft(now: webex.now.wall) == 0)
    #expect(server.book.text.contains("critical the data source's token has ended"))
    #expect(server.book.text.contains("error the data source could not be looked after, and"))
    webex.heal()
    await server.live(301)
    #expect(server.registrar.statuses.first?.state == .active)
    #expect(server.book.text.contains("notice the data source is alive again"))
    #expect(server.takes(webex.sources.first?.token))
    let nonces = webex.sources.map(\.registration.nonce)
    #expect(nonces.allSatisfy { !server.book.text.contains($0) }, "nonces are not logged")
    #expect(!server.book.text.contains(webex.accessToken))
  }

  @Test("Failures are answered with waits that double, with jitter, and that Retry-After lengthens")
  func backsOff() async throws {
    let webex = try Webex()
    let server = try Server(webex, Webex.desired { $0.lifetimeMinutes = 1_440 })
    webex.fail(.status(500, retryAfter: nil), times: 6)
    var times: [Duration] = []
    for _ in 0..<6 {
      let wake = await server.registrar.round()
      times.append(wake - webex.now.monotonic)
      // The lease's look is earlier than a long wait.
      let until = webex.now.monotonic + .seconds(64)
      while webex.calls.count == times.count, webex.now.monotonic < until {
        webex.pass(1)
        _ = await server.registrar.round()
      }
    }
    let at = webex.state.withLock { $0.log.map(\.at) }
    let gaps = zip(at.dropFirst(), at).map { $0 - $1 }
    for (index, gap) in gaps.prefix(5).enumerated() {
      #expect(gap <= Int64(1 << index) + 1 && gap >= Int64(1 << index) * 3 / 4, "\(gaps)")
    }
    webex.heal()
    await server.live(64)
    #expect(server.registrar.statuses.first?.state == .active)
    webex.forgetCalls()
    webex.fail(.status(429, retryAfter: 500), times: 1)
    await server.live(65)
    #expect(webex.calls.count == 1)
    await server.live(430)
    #expect(webex.calls.count == 1)
    await server.live(75)
    #expect(webex.calls.count > 1)
  }

  @Test("A change whose answer is lost is found to have happened, and is not made twice", arguments: ["POST", "PUT"])
  func lostAnswers(method: String) async throws {
    let webex = try Webex()
    let server = try Server(webex)
    if method == "PUT" { await server.live(60) }
    webex.fail(.lost, method: method, times: 1)
    await server.live(60)
    #expect(webex.sources.count == 1)
    #expect(webex.calls.filter { $0.hasPrefix(method) }.count == 1)
    #expect(server.takes(webex.sources.first?.token))
    #expect(server.registrar.statuses.first?.failures == 0)
  }

  @Test("A data source that somebody removed is registered anew; one with a configured id that is not there is not")
  func removed() async throws {
    let webex = try Webex()
    let server = try Server(webex)
    _ = await server.registrar.round()
    try await webex.client().remove(id: try #require(webex.sources.first).id)
    await server.live(70)
    #expect(webex.sources.count == 1)
    #expect(server.takes(webex.sources.first?.token))
    let other = try Webex()
    let strict = try Server(other, Webex.desired { $0.id = "gone" })
    await strict.live(100)
    #expect(other.sources.isEmpty)
    #expect(strict.book.text.contains("404"))
  }

  @Test("A nonce that somebody else registered is taken up at the next check, and the one before it stays good")
  func renewedElsewhere() async throws {
    let webex = try Webex()
    let server = try Server(webex, Webex.desired { $0.lifetimeMinutes = 60 })
    _ = await server.registrar.round()
    let before = try #require(webex.sources.first)
    webex.pass(5)
    var fields = Webex.fields(nonce: "by-hand")
    fields.lifetimeMinutes = 60
    _ = try await webex.client().source(.replace(id: before.id, fields))
    #expect(!server.takes(webex.sources.first?.token))
    await server.live(61)
    #expect(server.takes(webex.sources.first?.token))
    #expect(server.takes(before.token))
    #expect(server.book.text.contains("renewed by somebody else"))
  }

  @Test("Every kind of failure of the service is named in the log, and the registration survives it")
  func everyFailure() async throws {
    let kinds: [(StandInFault.Kind, String)] = [
      (.status(401, retryAfter: nil), "401"), (.status(403, retryAfter: nil), "spark-admin:datasource_read"),
      (.status(404, retryAfter: nil), "404"), (.status(409, retryAfter: nil), "409"),
      (.status(429, retryAfter: 2), "429"), (.status(500, retryAfter: nil), "500"), (.garbage, "cannot be understood"),
      (.closed, "no connection"), (.status(302, retryAfter: nil), "302"),
    ]
    for (kind, text) in kinds {
      let webex = try Webex()
      let server = try Server(webex)
      _ = await server.registrar.round()
      webex.fail(kind, times: 1)
      await server.live(110)
      #expect(server.book.text.contains(text))
      #expect(server.registrar.statuses.first?.state == .active)
      #expect(server.registrar.statuses.first?.failures == 0)
      #expect(server.takes(webex.sources.first?.token))
    }
  }
}
