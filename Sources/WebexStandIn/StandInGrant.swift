import HTTPServing
import JSONText
import TokenVerification

/// The tokens that one organization's authorization of the Service App has led to.
struct StandInGrant: Sendable, Hashable, Codable {
  struct Access: Sendable, Hashable, Codable {
    var token: String
    var expiry: Int64
    /// The refresh token that came with it.
    var refreshToken: String
  }

  struct Refresh: Sendable, Hashable, Codable {
    var token: String
    var expiry: Int64
    /// The one that this one is to follow.
    var replaces: String?
  }

  let organization: String
  var access: [Access] = []
  var refresh: [Refresh] = []
}

extension WebexPlatform {
  /// The most live tokens of a kind that an organization has; the oldest make room.
  private static let maximumTokens = 32

  /// The organization whose access token a request shows, if the Service App has the scope.
  mutating func authorize(_ request: ServerRequest, scope: String, _ now: Int64) throws(StandInError) -> String {
    let parts = (request.authorization ?? "").split(separator: " ")
    guard parts.count == 2, parts[0].lowercased() == "bearer" else {
      throw .unauthorized("The request requires a valid access token set in the Authorization request header.")
    }
    for index in grants.indices {
      guard let access = grants[index].access.first(where: { $0.token == parts[1] }), now < access.expiry else {
        continue
      }
      settle(index, access.refreshToken)
      guard settings.scopes.contains(scope) else {
        throw .forbidden("The access token does not have the required scope \(scope).")
      }
      return grants[index].organization
    }
    throw .unauthorized("The access token is expired, revoked or unknown.")
  }

  /// `POST /access_token`.
  mutating func refreshedToken(form: [UInt8], _ now: Int64) throws(StandInError) -> ServerResponse {
    let fields = Self.form(form)
    guard fields["grant_type"] == "refresh_token" else { throw .badRequest("grant_type must be refresh_token") }
    guard fields["client_id"] == settings.clientID, fields["client_secret"] == settings.clientSecret else {
      throw .unauthorized("client_id or client_secret is wrong")
    }
    guard let token = fields["refresh_token"] else { throw .badRequest("refresh_token is missing") }
    for index in grants.indices {
      guard let refresh = grants[index].refresh.first(where: { $0.token == token }), now < refresh.expiry else {
        continue
      }
      settle(index, token)
      var following = refresh
      if settings.refreshRotation != .never {
        following = StandInGrant.Refresh(
          token: Identifier.secret(), expiry: now + settings.refreshTokenLifetime, replaces: token)
        grants[index].refresh.append(following)
        if settings.refreshRotation == .atOnce { settle(index, following.token) }
      }
      return issue(index, following, now)
    }
    throw .badRequest("The refresh token provided is expired, revoked, malformed, or invalid.")
  }

  /// `POST /applications/{id}/token`.
  mutating func applicationToken(_ id: String, _ body: [UInt8], _ now: Int64) throws(StandInError) -> ServerResponse {
    guard id == settings.applicationID else { throw .notFound("there is no application of this id") }
    let members = try Self.members(body)
    guard members["clientId"]?.string == settings.clientID, members["clientSecret"]?.string == settings.clientSecret
    else {
      throw .unauthorized("clientId or clientSecret is wrong")
    }
    guard let organization = members["targetOrgId"]?.string else { throw .badRequest("targetOrgId is missing") }
    guard settings.organizations.contains(organization) else {
      throw .forbidden("the organization has not authorized the Service App")
    }
    return issue(grant(of: organization), now)
  }

  /// A first pair of tokens, as somebody takes it from the portal.
  public mutating func authorizeServiceApp(
    organization: String, now: Int64
  ) -> (accessToken: String, refreshToken: String) {
    let index = grant(of: organization)
    _ = issue(index, now)
    return (grants[index].access.last?.token ?? "", grants[index].refresh.last?.token ?? "")
  }

  private mutating func grant(of organization: String) -> Int {
    if let index = grants.firstIndex(where: { $0.organization == organization }) { return index }
    grants.append(StandInGrant(organization: organization))
    return grants.count - 1
  }

  private mutating func issue(_ index: Int, _ now: Int64) -> ServerResponse {
    let refresh = StandInGrant.Refresh(token: Identifier.secret(), expiry: now + settings.refreshTokenLifetime)
    grants[index].refresh.append(refresh)
    return issue(index, refresh, now)
  }

  private mutating func issue(_ index: Int, _ refresh: StandInGrant.Refresh, _ now: Int64) -> ServerResponse {
    let access = StandInGrant.Access(
      token: Identifier.secret(), expiry: now + settings.accessTokenLifetime, refreshToken: refresh.token)
    grants[index].access.append(access)
    grants[index].access.removeFirst(max(0, grants[index].access.count - Self.maximumTokens))
    grants[index].refresh.removeFirst(max(0, grants[index].refresh.count - Self.maximumTokens))
    isChanged = true
    return Self.json(
      200,
      JSONObject([
        "access_token": .string(access.token), "expires_in": .number(JSONNumber(settings.accessTokenLifetime)),
        "refresh_token": .string(refresh.token),
        "refresh_token_expires_in": .number(JSONNumber(max(0, refresh.expiry - now))), "token_type": .string("Bearer"),
      ]))
  }

  /// A refresh token that is used, itself or by way of its access token, has arrived: the ones before it end.
  private mutating func settle(_ index: Int, _ token: String) {
    guard settings.refreshRotation != .never,
      let old = grants[index].refresh.first(where: { $0.token == token })?.replaces
    else { return }
    for place in grants[index].refresh.indices where grants[index].refresh[place].token == token {
      grants[index].refresh[place].replaces = nil
    }
    grants[index].refresh.removeAll { $0.token == old || $0.replaces == old }
    isChanged = true
  }

  /// The fields of a form (`application/x-www-form-urlencoded`, WHATWG URL section 5.1).
  static func form(_ body: [UInt8]) -> [String: String] {
    var fields: [String: String] = [:]
    for pair in body.split(separator: UInt8(ascii: "&")) {
      let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      fields[decoded(parts[0])] = parts.count > 1 ? decoded(parts[1]) : ""
    }
    return fields
  }

  private static func decoded(_ text: ArraySlice<UInt8>) -> String {
    var bytes: [UInt8] = []
    var rest = text[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
      case UInt8(ascii: "%"):
        guard let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2 else {
          bytes.append(byte)
          continue
        }
        bytes.append(code)
        rest = rest.dropFirst(2)
      default: bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
