import HTTPServing
import JSONText
import TokenVerification

@testable import WebexStandIn

/// A platform with a client that shows its access token, and a clock that stands still until it is moved.
struct Platform {
  static let organization = "ce861fba-6e2f-49f9-9a84-b354008fac9e"
  static let other = "00000000-6e2f-49f9-9a84-b354008fac9e"
  static let issuer = "https://idbroker.webex.com/idb"
  /// One key for all tests: making one takes a tenth of a second.
  static let key = Result { try DevelopmentIssuer(issuer: issuer) }

  var webex: WebexPlatform
  var now: Int64 = 1_800_000_000
  var accessToken: String
  var refreshToken: String

  init(_ edit: (inout StandInSettings) -> Void = { _ in }) throws {
    var settings = StandInSettings(issuer: Self.issuer, organizations: [Self.organization, Self.other])
    settings.domains = ["example.com"]
    edit(&settings)
    webex = WebexPlatform(settings, keys: [try Self.key.get()])
    (accessToken, refreshToken) = webex.authorizeServiceApp(organization: Self.organization, now: now)
  }

  /// The status and the members of the answer.
  mutating func call(_ method: String, _ path: String, _ body: JSONObject? = nil) -> (status: Int, body: JSONObject) {
    let bytes = body.map { Array(JSONValue.object($0).text.utf8) } ?? []
    let response = respond(method, path, bytes)
    return (response.status, (try? JSONValue(parsing: response.body))?.object ?? JSONObject([:]))
  }

  mutating func respond(_ method: String, _ path: String, _ body: [UInt8] = []) -> ServerResponse {
    webex.respond(
      to: ServerRequest(method: method, path: path, authorization: "Bearer \(accessToken)", body: body), now: now)
  }

  /// Refreshes with a token, and keeps what comes where there is something.
  mutating func refresh(_ token: String) -> Int {
    let form =
      "grant_type=refresh_token&client_id=stand-in-client&client_secret=stand%2Din-secret&refresh_token=\(token)"
    let response = respond("POST", "/v1/access_token", Array(form.utf8))
    let members = (try? JSONValue(parsing: response.body))?.object
    if let access = members?["access_token"]?.string, let refresh = members?["refresh_token"]?.string {
      (accessToken, refreshToken) = (access, refresh)
    }
    return response.status
  }

  static func registration(_ edit: (inout JSONObject) -> Void = { _ in }) -> JSONObject {
    var members = JSONObject([
      "schemaId": .string(SchemaID.voiceVirtualAgent.rawValue), "url": .string("https://voice.example.com:443"),
      "audience": .string("patchbay"), "subject": .string("callAudioData"), "nonce": .string("first"),
      "tokenLifetimeMinutes": .number(JSONNumber(60)), "status": .string("active"),
    ])
    edit(&members)
    return members
  }

  func verifier(organization: String = organization) throws -> TokenVerifier {
    let tenant = try Tenant(organization: organization, name: "Example", url: "https://voice.example.com:443")
    var published = webex
    let document = published.respond(to: ServerRequest(path: WebexPlatform.keySetPath), now: now).body
    return TokenVerifier(
      policy: ClaimPolicy(issuers: [Self.issuer], tenants: [tenant]),
      keys: StaticKeySource([Self.issuer: try KeySet(parsing: document)]))
  }
}
