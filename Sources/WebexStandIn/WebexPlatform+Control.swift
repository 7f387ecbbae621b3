import HTTPServing
import JSONText
import TokenVerification

/// What whoever develops or tests can ask of the stand-in, and of Webex cannot.
///
/// | call | body | does |
/// | --- | --- | --- |
/// | `GET /stand-in` | | tells the keys, the data sources with their tokens' claims, the counters, the faults |
/// | `GET /stand-in/token` | | the token that Webex would show now, as text: the first data source's, or a minted one |
/// | `POST /stand-in/tokens` | `{"org", "url", "audience", "subject", "nonce", "schema", "lifetime": seconds, "claims": {…}}`, all optional but `org` and `url` | mints a token; what is left out is as registered, where a data source has this organization and URL |
/// | `POST /stand-in/keys/rotate` | `{"withdraw": true}`, optional | a new key signs; the old ones stay published or go |
/// | `DELETE /stand-in/keys/{kid}` | | withdraws a key |
/// | `POST /stand-in/faults` | ``StandInFault`` | has something go wrong |
/// | `DELETE /stand-in/faults` | | ends that |
/// | `POST /stand-in/oauth/expire` | `{"refresh": true}`, optional | access tokens end, and refresh tokens |
/// | `POST /stand-in/lifetime` | `{"minutes": 120}`, or nothing for no limit | no token lives longer, whatever is asked for |
/// | `POST /stand-in/scopes`, `/stand-in/domains` | `["…"]` under `items` | replaces the Service App's |
/// | `DELETE /stand-in/requests` | | sets the counters to nothing |
extension WebexPlatform {
  mutating func control(_ path: String, _ request: ServerRequest, _ now: Int64) throws(StandInError) -> ServerResponse {
    let parts = path.split(separator: "/").dropFirst().map(String.init)
    let body = request.body.isEmpty ? JSONObject([:]) : try Self.members(request.body)
    switch (request.method, parts.first, parts.count) {
    case ("GET", nil, 0): return Self.json(200, state)
    case ("GET", "token", 1): return .text(200, try currentToken(now: now))
    case ("POST", "lifetime", 1): settings.longestTokenMinutes = try Self.minutes(body)
    case ("POST", "tokens", 1): return Self.json(200, JSONObject(["token": .string(try minted(body, now))]))
    case ("POST", "keys", 2) where parts[1] == "rotate":
      do { try rotateKeys(withdrawingOld: body["withdraw"] == .bool(true)) } catch {
        throw StandInError(status: 500, message: "\(error)")
      }
    case ("DELETE", "keys", 2):
      guard withdrawKey(parts[1]) else { throw .notFound("no key of this id that does not sign") }
    case ("POST", "faults", 1):
      guard faults.count < Self.maximumFaults else { throw .forbidden("there are enough faults: clear them first") }
      faults.append(try StandInFault(body))
    case ("DELETE", "faults", 1): faults = []
    case ("POST", "oauth", 2) where parts[1] == "expire": expireTokens(refreshToo: body["refresh"] == .bool(true))
    case ("POST", "scopes", 1): settings.scopes = Set(try Self.texts(body))
    case ("POST", "domains", 1): settings.domains = try Self.texts(body)
    case ("DELETE", "requests", 1): requests = [:]
    default: throw .notFound("there is no \(request.method) \(path) here")
    }
    return Self.json(200, state)
  }

  /// Every access token ends, as if its time had come.
  public mutating func expireTokens(refreshToo: Bool = false) {
    for index in grants.indices {
      grants[index].access = []
      if refreshToo { grants[index].refresh = [] }
    }
    isChanged = true
  }

  /// The token that a control request asks for.
  func minted(_ body: JSONObject, _ now: Int64) throws(StandInError) -> String {
    guard let organization = body["org"]?.string, let url = body["url"]?.string else {
      throw .badRequest("org and url are needed")
    }
    // A token of a data source that is there is one that the server knows: its nonce above all.
    let schema = body["schema"]?.string
    let registered = dataSource(of: organization, url: url, schema: schema)?.registration
    var lifetime: Int64 = 3_600
    if let value = body["lifetime"] {
      guard case .number(let number) = value, let seconds = number.wholeValue, seconds <= 315_360_000 else {
        throw .badRequest("lifetime is a whole number of seconds")
      }
      lifetime = seconds
    }
    var claims = JSONObject([
      "iss": .string(settings.issuer),
      "sub": .string(body["subject"]?.string ?? registered?.subject ?? "callAudioData"),
      "aud": .string(body["audience"]?.string ?? registered?.audience ?? "patchbay"), "iat": .number(JSONNumber(now)),
      "exp": .number(JSONNumber(now + lifetime)),
      "jti": .string(body["nonce"]?.string ?? registered?.nonce ?? "stand-in-nonce"),
      TokenField.organization.rawValue: .string(organization), TokenField.url.rawValue: .string(url),
      TokenField.schema.rawValue: .string(schema ?? registered?.schemaID ?? SchemaID.voiceVirtualAgent.rawValue),
    ])
    for member in body["claims"]?.object?.members ?? [] {
      claims[member.name] = member.value == .null ? nil : member.value
    }
    return try mint(claims)
  }

  /// The data source that Webex would call for; of several, the one that was made first.
  func dataSource(of organization: String, url: String, schema: String? = nil) -> StandInDataSource? {
    dataSources.first {
      $0.organization == organization && $0.registration.url == url
        && schema.map { [id = $0.registration.schemaID] in id == $0 } ?? true
    }
  }

  /// The token that Webex would show now: that of the first data source, or where there is none one as if there were.
  private func currentToken(now: Int64) throws(StandInError) -> String {
    if let source = dataSources.first { return source.token }
    return try freshToken(now: now)
  }

  /// A token that is made now: for the first data source, or for one of this organization and URL, whether it is there or not.
  func freshToken(organization: String? = nil, url: String? = nil, now: Int64) throws(StandInError) -> String {
    let source = dataSources.first {
      (organization ?? $0.organization) == $0.organization && (url ?? $0.registration.url) == $0.registration.url
    }
    guard let organization = organization ?? source?.organization ?? settings.organizations.first,
      let url = url ?? source?.registration.url ?? settings.url
    else { throw .notFound("there is no data source, and no URL to make a token for") }
    return try minted(JSONObject(["org": .string(organization), "url": .string(url)]), now)
  }

  private static func minutes(_ body: JSONObject) throws(StandInError) -> Int64? {
    guard let value = body["minutes"], value != .null else { return nil }
    guard case .number(let number) = value, let minutes = number.wholeValue, (1...1_440).contains(minutes) else {
      throw .badRequest("minutes must be a whole number from 1 to 1440, or be left out")
    }
    return minutes
  }

  private static func claims(of token: String) -> JSONValue {
    guard let compact = try? CompactToken(Array(token.utf8)), let claims = try? JSONValue(parsing: compact.payload)
    else {
      return .null
    }
    return claims
  }

  private static func texts(_ body: JSONObject) throws(StandInError) -> [String] {
    guard let items = body["items"]?.array else { throw .badRequest("items must be a list of texts") }
    return items.compactMap(\.string)
  }

  /// What the stand-in tells of itself: no secret and no token, but what the tokens say.
  private var state: JSONObject {
    let counted = requests.sorted { $0.key < $1.key }
    var requests = JSONObject([:])
    for (name, count) in counted { requests[name] = .number(JSONNumber(Int64(count))) }
    let sources = dataSources.map { source in
      JSONValue.object(
        JSONObject([
          "id": .string(source.id), "orgId": .string(source.organization), "url": .string(source.registration.url),
          "schemaId": .string(source.registration.schemaID), "status": .string(source.registration.status),
          "tokenExpiryTime": .string(ISOTime.text(source.tokenExpiry)), "claims": Self.claims(of: source.token),
        ]))
    }
    return JSONObject([
      "issuer": .string(settings.issuer), "signingKey": .string(signingKeyID),
      "keys": .array(keys.map { .string($0.keyID) }), "dataSources": .array(sources),
      "faults": .number(JSONNumber(Int64(faults.count))), "requests": .object(requests),
    ])
  }
}
