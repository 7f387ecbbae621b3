import Testing
import TokenVerification
import WebexStandIn

@testable import DataSources

@Suite("Registrations are looked after")
struct RegistrarTests {
  @Test("A data source that is not there is registered, and its token is taken")
  func registers() async throws {
    let webex = try Webex()
    let server = try RegistrarServer(webex)
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
    let server = try RegistrarServer(webex)
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

  /// The calls of a day of a server whose tokens live for less than it asks for.
  private func day(granted minutes: Int64, asked: Int = 1_440) async throws -> (Webex, RegistrarServer, puts: [Int64]) {
    let webex = try Webex()
    webex.state.withLock { $0.platform.settings.longestTokenMinutes = minutes }
    let server = try RegistrarServer(webex, Webex.desired { $0.lifetimeMinutes = asked })
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
    let server = try RegistrarServer(webex, Webex.desired { $0.id = source.id })
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
    let server = try RegistrarServer(webex)
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
    let server = try RegistrarServer(webex)
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
}
