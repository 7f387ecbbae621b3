import Foundation
import HTTPServing
import Synchronization
import Telemetry
import Testing

@testable import AdminServer

@Suite("Ending a call over REST")
struct CallEndingTests {
  private static let path = "/2010-04-01/Accounts/AC1/Calls/CA1.json"

  private func site(token: String? = "admin", _ complete: @escaping @Sendable (String?) -> CallEnding.Outcome)
    -> AdminSite
  {
    AdminSite(
      token: { token }, metrics: MetricsRegistry(), readiness: { Readiness(reasons: []) },
      status: {
        StatusSnapshot(version: "1", reasons: [], uptime: 0, liveCalls: 0, callLimit: 0)
      },
      callEnding: CallEnding { account, call, token in
        account == "AC1" && call == "CA1" ? complete(token) : .unknown
      })
  }

  private func request(
    _ path: String = path, method: String = "POST", password: String? = "bot", form: String = "Status=completed"
  ) -> ServerRequest {
    let pair = password.map { Data("AC1:\($0)".utf8).base64EncodedString() }
    return ServerRequest(
      method: method, path: path, authorization: pair.map { "Basic \($0)" }, hasBody: true, body: Array(form.utf8))
  }

  @Test("is told with the token that was shown, unless it is the port's own")
  func tokens() {
    let shown = Shown()
    let site = site { token in
      shown.tokens.withLock { $0.append(token) }
      return .completed
    }
    #expect(site.respond(to: request()).status == 200)
    #expect(site.respond(to: request(password: "admin")).status == 200)
    #expect(shown.tokens.withLock { $0 } == ["bot", nil])
    #expect(site.respond(to: request(form: "Foo=1&Status=completed")).status == 200)
  }

  @Test("answers as clients of Twilio's expect it")
  func answers() throws {
    let answer = site { _ in .completed }.respond(to: request())
    let body = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: String]
    #expect(body == ["sid": "CA1", "account_sid": "AC1", "status": "completed"])
    #expect(site { _ in .refused }.respond(to: request()).status == 401)
    let unknown = site { _ in .unknown }.respond(to: request())
    let error = try JSONSerialization.jsonObject(with: Data(unknown.body)) as? [String: Any]
    #expect(unknown.status == 404 && error?["code"] as? Int == 20404)
  }

  @Test(
    "is not tried without a token, with another method, another form or another path",
    arguments: [
      ("POST", path, nil, "Status=completed", 401), ("GET", path, "bot", "", 405), ("POST", path, "bot", "", 400),
      ("POST", path, "bot", "Status=busy", 400), ("POST", path, "bot", "XStatus=completed", 400),
      ("POST", "/2010-04-01/Accounts/AC1/Calls/CA1", "bot", "Status=completed", 405),
      ("POST", "/2010-04-01/Accounts/AC1/Calls/../x.json", "bot", "Status=completed", 405),
      ("POST", "/2010-04-01/Accounts/AC%31/Calls/CA1.json", "bot", "Status=completed", 405),
      ("POST", "/2010-04-01/Accounts//Calls/CA1.json", "bot", "Status=completed", 405),
    ] as [(String, String, String?, String, Int)])
  func refused(method: String, path: String, password: String?, form: String, status: Int) {
    let site = site { _ in
      Issue.record("nothing may be ended")
      return .completed
    }
    #expect(site.respond(to: request(path, method: method, password: password, form: form)).status == status)
  }

  private final class Shown: Sendable {
    let tokens = Mutex<[String?]>([])
  }
}
