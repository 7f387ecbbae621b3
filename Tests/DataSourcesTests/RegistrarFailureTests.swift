import Testing
import WebexStandIn

@testable import DataSources

@Suite("Registrations survive a service that fails")
struct RegistrarFailureTests {
  @Test("A service that fails until the token has ended is told of loudly, and the registration recovers")
  func lapses() async throws {
    let webex = try Webex()
    let server = try RegistrarServer(webex)
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
    let server = try RegistrarServer(webex, Webex.desired { $0.lifetimeMinutes = 1_440 })
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
    let server = try RegistrarServer(webex)
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
    let server = try RegistrarServer(webex)
    _ = await server.registrar.round()
    try await webex.client().remove(id: try #require(webex.sources.first).id)
    await server.live(70)
    #expect(webex.sources.count == 1)
    #expect(server.takes(webex.sources.first?.token))
    let other = try Webex()
    let strict = try RegistrarServer(other, Webex.desired { $0.id = "gone" })
    await strict.live(100)
    #expect(other.sources.isEmpty)
    #expect(strict.book.text.contains("404"))
  }

  @Test("A nonce that somebody else registered is taken up at the next check, and the one before it stays good")
  func renewedElsewhere() async throws {
    let webex = try Webex()
    let server = try RegistrarServer(webex, Webex.desired { $0.lifetimeMinutes = 60 })
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
      let server = try RegistrarServer(webex)
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
