import HTTPServing
import TokenVerification

/// What whoever develops or tests can ask of the stand-in, and of Webex cannot.
///
/// | call | body | does |
/// | --- | --- | --- |
/// | `GET /stand-in` | | tells the keys, the data sources, the counters, the faults |
/// | `POST /stand-in/tokens` | `{"org", "url", "audience", "subject", "nonce", "schema", "lifetime": seconds, "claims": {…}}`, all optional but `org` and `url` | mints a token |
/// | `POST /stand-in/keys/rotate` | `{"withdraw": true}`, optional | a new key signs; the old ones stay published or go |
/// | `DELETE /stand-in/keys/{kid}` | | withdraws a key |
/// | `POST /stand-in/faults` | ``StandInFault`` | has something go wrong |
/// | `DELETE /stand-in/faults` | | ends that |
/// | `POST /stand-in/oauth/expire` | `{"refresh": true}`, optional | access tokens end, and refresh tokens |
/// | `POST /stand-in/scopes`, `/stand-in/domains` | `["…"]` under `items` | replaces the Service App's |
/// | `DELETE /stand-in/requests` | | sets the counters to nothing |
extension WebexPlatform {
  mutating func control(_ path: String, _ request: ServerRequest, _ now: Int64) throws(StandInError) -> ServerResponse {
    let parts = path.split(separator: "/").dropFirst().map(String.init)
    let body = request.body.isEmpty ? JSONObject([:]) : try Self.members(request.body)
    switch (request.method, parts.first, parts.count) {
    case ("GET", nil, 0): return Self.json(200, state)
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
    var lifetime: Int64 = 3_600
    if let value = body["lifetime"] {
      guard case .number(let number) = value, let seconds = number.wholeValue, seconds <= 315_360_000 else {
        throw .badRequest("lifetime is a whole number of seconds")
      }
      lifetime = seconds
    }
    var claims = JSONObject([
      "iss": .string(settings.issuer), "sub": .string(body["subject"]?.string ?? "callAudioData"),
      "aud": .string(body["audience"]?.string ?? "patchbay"), "iat": .number(JSONNumber(now)),
      "exp": .number(JSONNumber(now + lifetime)), "jti": .string(body["nonce"]?.string ?? "stand-in-nonce"),
      TokenField.organization.rawValue: .string(organization), TokenField.url.rawValue: .string(url),
      TokenField.schema.rawValue: .string(body["schema"]?.string ?? SchemaID.voiceVirtualAgent.rawValue),
    ])
    for member in body["claims"]?.object?.members ?? [] {
      claims[member.name] = member.value == .null ? nil : member.value
    }
    return try mint(claims)
  }

  private static func texts(_ body: JSONObject) throws(StandInError) -> [String] {
    guard let items = body["items"]?.array else { throw .badRequest("items must be a list of texts") }
    return items.compactMap(\.string)
  }

  /// What the stand-in tells of itself: no secret and no token.
  private var state: JSONObject {
    let counted = requests.sorted { $0.key < $1.key }
    var requests = JSONObject([:])
    for (name, count) in counted { requests[name] = .number(JSONNumber(Int64(count))) }
    let sources = dataSources.map { source in
      JSONValue.object(
        JSONObject([
          "id": .string(source.id), "orgId": .string(source.organization), "url": .string(source.registration.url),
          "schemaId": .string(source.registration.schemaID), "status": .string(source.registration.status),
          "tokenExpiryTime": .string(ISOTime.text(source.tokenExpiry)),
        ]))
    }
    return JSONObject([
      "issuer": .string(settings.issuer), "signingKey": .string(signingKeyID),
      "keys": .array(keys.map { .string($0.keyID) }), "dataSources": .array(sources),
      "faults": .number(JSONNumber(Int64(faults.count))), "requests": .object(requests),
    ])
  }
}
