import HTTPServing
import JSONText
import Testing
import TokenVerification

@testable import WebexStandIn

@Suite("Stand-in: OAuth")
struct OAuthTests {
  @Test("Without a live access token there is 401, without the scope 403")
  func authorization() throws {
    var platform = try Platform()
    let none = platform.webex.respond(to: ServerRequest(path: "/v1/dataSources"), now: platform.now)
    #expect(none.status == 401)
    platform.webex.settings.scopes = [StandInSettings.readScope]
    #expect(platform.call("GET", "/v1/dataSources").status == 200)
    let refused = platform.call("POST", "/v1/dataSources", Platform.registration())
    #expect(refused.status == 403)
    #expect(refused.body["message"]?.string?.contains("spark-admin:datasource_write") == true)
    platform.now += 14 * 86_400
    #expect(platform.call("GET", "/v1/dataSources").status == 401)
    #expect(platform.refresh(platform.refreshToken) == 200)
    #expect(platform.call("GET", "/v1/dataSources").status == 200)
    platform.webex.expireTokens()
    #expect(platform.call("GET", "/v1/dataSources").status == 401)
  }

  @Test("A refresh token that was used serves until its successor is used, so that a lost answer costs nothing")
  func onUse() throws {
    var platform = try Platform()
    let first = platform.refreshToken
    #expect(platform.refresh(first) == 200)
    let second = platform.refreshToken
    #expect(second != first)
    // The answer was lost: the first is used again.
    #expect(platform.refresh(first) == 200)
    let third = platform.refreshToken
    #expect(platform.call("GET", "/dataSources").status == 200)
    #expect(platform.refresh(first) == 400)
    #expect(platform.refresh(second) == 400)
    #expect(platform.refresh(third) == 200)
  }

  @Test("A refresh token may end at once, or serve for good")
  func otherRules() throws {
    var strict = try Platform { $0.refreshRotation = .atOnce }
    let first = strict.refreshToken
    #expect(strict.refresh(first) == 200)
    #expect(strict.refresh(first) == 400)
    #expect(strict.refresh(strict.refreshToken) == 200)
    var lax = try Platform { $0.refreshRotation = .never }
    let only = lax.refreshToken
    for _ in 0..<3 {
      #expect(lax.refresh(only) == 200)
      #expect(lax.refreshToken == only)
      #expect(lax.call("GET", "/dataSources").status == 200)
    }
    lax.now += 90 * 86_400
    #expect(lax.refresh(only) == 400)
  }

  @Test("A Service App's token is given for an organization that has authorized it")
  func serviceApp() throws {
    var platform = try Platform()
    func body(_ edit: (inout JSONObject) -> Void = { _ in }) -> JSONObject {
      var members = JSONObject([
        "clientId": .string("stand-in-client"), "clientSecret": .string("stand-in-secret"),
        "targetOrgId": .string(Platform.other),
      ])
      edit(&members)
      return members
    }
    let path = "/v1/applications/stand-in-application/token"
    let answer = platform.call("POST", path, body())
    #expect(answer.status == 200)
    platform.accessToken = try #require(answer.body["access_token"]?.string)
    #expect(platform.call("POST", "/dataSources", Platform.registration()).body["orgId"] == .string(Platform.other))
    #expect(platform.call("POST", path, body { $0["clientSecret"] = .string("x") }).status == 401)
    #expect(platform.call("POST", path, body { $0["targetOrgId"] = .string("x") }).status == 403)
    #expect(platform.call("POST", path, body { $0["targetOrgId"] = nil }).status == 400)
    #expect(platform.call("POST", "/v1/applications/other/token", body()).status == 404)
  }

  @Test("Forms are read as browsers write them")
  func forms() {
    #expect(WebexPlatform.form(Array("a=b+c&d=%41%zz&e&=f%4".utf8)) == ["a": "b c", "d": "A%zz", "e": "", "": "f%4"])
  }
}
