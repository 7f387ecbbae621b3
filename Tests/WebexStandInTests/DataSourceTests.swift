import HTTPServing
import JSONText
import Testing
import TokenVerification

@testable import WebexStandIn

@Suite("Stand-in: data sources")
struct DataSourceTests {
  @Test(
    "A data source is taken as any document writes it, and shown as it was written",
    arguments: [
      ("/v1/dataSources", "tokenLifetimeMinutes", JSONValue.number(JSONNumber(60)), false),
      ("/v1/datasources", "tokenLifeMinutes", .number(JSONNumber(60)), false),
      ("/datasources", "tokenLifetimeMinutes", .string("60"), true),
      ("/v1/dataSources", "tokenLifeMinutes", .string("60"), true),
    ])
  func forms(path: String, name: String, minutes: JSONValue, isList: Bool) throws {
    var platform = try Platform()
    let schema = JSONValue.string(SchemaID.voiceVirtualAgent.rawValue)
    let body = Platform.registration {
      $0["tokenLifetimeMinutes"] = nil
      $0[name] = minutes
      if isList { $0["schemaId"] = .array([schema]) }
    }
    let created = platform.call("POST", path, body)
    #expect(created.status == 200)
    #expect(created.body["tokenExpiryTime"] == .string("2027-01-15T09:00:00.000Z"))
    #expect(created.body[name] == minutes)
    #expect(created.body["schemaId"] == (isList ? .array([schema]) : schema))
    let id = try #require(created.body["id"]?.string)
    let replaced = platform.call("PUT", "\(path)/\(id)", body)
    #expect(replaced.status == 200)
    #expect(replaced.body["jwsToken"] == created.body["jwsToken"], "how it is written is nothing of the token")
    #expect(platform.call("GET", path).body["items"]?.array?.count == 1)
    #expect(platform.call("GET", "\(path)/schemas").body["items"]?.array?.count == 4)
  }

  @Test("The stand-in shows the claims of the current token, and gives out the token that a server takes now")
  func currentToken() throws {
    var platform = try Platform { $0.url = "https://voice.example.com:443" }
    func claims(_ token: String) throws -> JSONObject {
      let payload = try CompactToken(Array(token.utf8)).payload
      return try #require(JSONValue(parsing: payload).object)
    }
    // Before anything is registered, a token as a data source would have it.
    let early = platform.respond("GET", "/stand-in/token")
    #expect(early.status == 200)
    #expect(try claims(String(decoding: early.body.dropLast(), as: UTF8.self))["jti"] == .string("stand-in-nonce"))
    let created = platform.call(
      "POST", "/v1/dataSources",
      Platform.registration {
        $0["nonce"] = .string("registered")
        $0["audience"] = .string("ours")
      })
    let token = try #require(created.body["jwsToken"]?.string)
    #expect(String(decoding: platform.respond("GET", "/stand-in/token").body, as: UTF8.self) == token + "\n")
    let shown = platform.call("GET", "/stand-in").body["dataSources"]?.array?.first?.object?["claims"]?.object
    #expect(shown == (try claims(token)))
    // What a minted token is not told it has from the data source.
    let minted = platform.call(
      "POST", "/stand-in/tokens",
      JSONObject(["org": .string(Platform.organization), "url": .string("https://voice.example.com:443")]))
    let said = try claims(try #require(minted.body["token"]?.string))
    #expect(said["jti"] == .string("registered") && said["aud"] == .string("ours"))
    let foreign = platform.call(
      "POST", "/stand-in/tokens",
      JSONObject(["org": .string(Platform.organization), "url": .string("https://elsewhere.example.com")]))
    #expect(try claims(try #require(foreign.body["token"]?.string))["jti"] == .string("stand-in-nonce"))
  }

  @Test("No token lives longer than the stand-in was told to grant")
  func longestLife() throws {
    var platform = try Platform()
    #expect(platform.call("POST", "/stand-in/lifetime", JSONObject(["minutes": .number(JSONNumber(10))])).status == 200)
    let created = platform.call("POST", "/v1/dataSources", Platform.registration())
    #expect(created.body["tokenExpiryTime"] == .string("2027-01-15T08:10:00.000Z"))
    #expect(platform.call("POST", "/stand-in/lifetime", JSONObject(["minutes": .number(JSONNumber(0))])).status == 400)
    #expect(platform.call("POST", "/stand-in/lifetime").status == 200)
    #expect(platform.webex.settings.longestTokenMinutes == nil)
  }

  @Test("A data source is created, listed, read, replaced and removed; its token is good for its tenant")
  func lifeCycle() throws {
    var platform = try Platform()
    let created = platform.call("POST", "/v1/dataSources", Platform.registration())
    #expect(created.status == 200)
    let id = try #require(created.body["id"]?.string)
    #expect(created.body["tokenExpiryTime"] == .string("2027-01-15T09:00:00.000Z"))
    #expect(created.body["orgId"] == .string(Platform.organization))
    let token = try #require(created.body["jwsToken"]?.string)
    let outcome = try platform.verifier().verify(
      authorization: [token], schema: .exactly(.voiceVirtualAgent), now: platform.now)
    #expect(outcome.denial == nil)

    let listed = platform.call("GET", "/v1/dataSources")
    #expect(listed.body["items"]?.array?.count == 1)
    #expect(listed.body["items"]?.array?.first?.object?["id"] == .string(id))
    #expect(platform.call("GET", "/dataSources/\(id)").body["nonce"] == .string("first"))

    platform.now += 60
    let same = platform.call("PUT", "/v1/dataSources/\(id)", Platform.registration())
    #expect(same.body["jwsToken"] == .string(token))
    let renewed = platform.call(
      "PUT", "/v1/dataSources/\(id)", Platform.registration { $0["nonce"] = .string("second") })
    #expect(renewed.status == 200)
    #expect(renewed.body["jwsToken"] != .string(token))
    #expect(renewed.body["tokenExpiryTime"] == .string("2027-01-15T09:01:00.000Z"))

    #expect(platform.call("DELETE", "/v1/dataSources/\(id)").status == 204)
    #expect(platform.call("GET", "/v1/dataSources/\(id)").status == 404)
    #expect(platform.call("DELETE", "/v1/dataSources/\(id)").status == 404)
  }

  @Test(
    "PUT needs every field, POST all but the status",
    arguments: ["schemaId", "url", "audience", "subject", "nonce", "tokenLifetimeMinutes", "status"])
  func everyField(name: String) throws {
    var platform = try Platform()
    let id = try #require(platform.call("POST", "/dataSources", Platform.registration()).body["id"]?.string)
    let incomplete = Platform.registration { $0[name] = nil }
    let answer = platform.call("PUT", "/dataSources/\(id)", incomplete)
    #expect(answer.status == 400)
    #expect(answer.body["message"]?.string?.contains(name) == true)
    #expect(answer.body["errors"]?.array?.isEmpty == false)
    #expect(platform.call("DELETE", "/dataSources/\(id)").status == 204)
    #expect(platform.call("POST", "/dataSources", incomplete).status == (name == "status" ? 200 : 400))
  }

  @Test(
    "What the platform does not take is refused",
    arguments: [
      ("schemaId", .string("00000000-0000-4000-8000-000000000000"), 400),
      ("url", .string("https://voice.example.org"), 403), ("url", .string("https://badexample.com"), 403),
      ("url", .string("voice.example.com"), 400), ("url", .string("https://user@voice.example.com"), 400),
      ("tokenLifetimeMinutes", .number(JSONNumber(1_441)), 400), ("tokenLifetimeMinutes", .number(JSONNumber(0)), 400),
      ("tokenLifetimeMinutes", .string("an hour"), 400), ("nonce", .string(""), 400),
      ("status", .string("inactive"), 400),
      ("status", .string("disabled"), 400),
    ] as [(String, JSONValue, Int)])
  func refused(name: String, value: JSONValue, status: Int) throws {
    var platform = try Platform()
    #expect(platform.call("POST", "/dataSources", Platform.registration { $0[name] = value }).status == status)
    #expect(platform.webex.dataSources.isEmpty)
  }

  @Test("A second data source of one schema and URL is a conflict; it may be disabled with a message")
  func conflictAndDisabling() throws {
    var platform = try Platform()
    let id = try #require(platform.call("POST", "/dataSources", Platform.registration()).body["id"]?.string)
    #expect(platform.call("POST", "/dataSources", Platform.registration()).status == 409)
    let second = Platform.registration { $0["schemaId"] = .string(SchemaID.audioForking.rawValue) }
    #expect(platform.call("POST", "/dataSources", second).status == 200)
    #expect(platform.call("PUT", "/dataSources/\(id)", second).status == 409)
    let disabled = platform.call(
      "PUT", "/dataSources/\(id)",
      Platform.registration {
        $0["status"] = .string("disabled")
        $0["errorMessage"] = .string("moving house")
      })
    #expect(disabled.status == 200)
    #expect(disabled.body["errorMessage"] == .string("moving house"))
  }

  @Test("An organization sees its own data sources only")
  func organizations() throws {
    var platform = try Platform()
    let id = try #require(platform.call("POST", "/dataSources", Platform.registration()).body["id"]?.string)
    platform.accessToken =
      platform.webex.authorizeServiceApp(organization: Platform.other, now: platform.now).accessToken
    #expect(platform.call("GET", "/dataSources").body["items"]?.array?.isEmpty == true)
    #expect(platform.call("GET", "/dataSources/\(id)").status == 404)
    #expect(platform.call("PUT", "/dataSources/\(id)", Platform.registration()).status == 404)
    #expect(platform.call("POST", "/dataSources", Platform.registration()).status == 200)
  }

  @Test("The schemas are listed and read")
  func schemas() throws {
    var platform = try Platform()
    #expect(platform.call("GET", "/v1/dataSources/schemas").body["items"]?.array?.count == 4)
    let one = platform.call("GET", "/v1/dataSources/schemas/\(SchemaID.voiceVirtualAgent.rawValue)")
    #expect(one.body["serviceType"] == .string("VoiceVirtualAgent"))
    #expect(platform.call("GET", "/v1/dataSources/schemas/none").status == 404)
  }

  @Test("A body that is no JSON object, another method and another path are refused")
  func nonsense() throws {
    var platform = try Platform()
    #expect(platform.respond("POST", "/v1/dataSources", Array("[]".utf8)).status == 400)
    #expect(platform.respond("POST", "/v1/dataSources", Array("{".utf8)).status == 400)
    #expect(platform.respond("PATCH", "/v1/dataSources").status == 405)
    #expect(platform.respond("GET", "/v1/nothing").status == 404)
  }
}
