import HTTPServing
import JSONText
public import TokenVerification

extension WebexPlatform {
  /// The most keys that are published at once: old ones that nobody withdraws make room.
  static let maximumKeys = 16

  /// The id of the key that signs.
  public var signingKeyID: String { keys.last?.keyID ?? "" }

  /// A new key signs from here on. The old ones stay published, unless they are to be withdrawn, as they are where a key
  /// has been lost to somebody.
  public mutating func rotateKeys(withdrawingOld: Bool = false) throws(DevelopmentIssuer.SigningKeyError) {
    let key = try DevelopmentIssuer(issuer: settings.issuer)
    if withdrawingOld { keys = [] }
    keys.append(key)
    keys.removeFirst(max(0, keys.count - Self.maximumKeys))
    isChanged = true
  }

  /// Withdraws a key that does not sign. False if there is none of this id.
  public mutating func withdrawKey(_ id: String) -> Bool {
    guard id != signingKeyID, let index = keys.firstIndex(where: { $0.keyID == id }) else { return false }
    keys.remove(at: index)
    isChanged = true
    return true
  }

  /// A token for calls of an organization, good for an hour, that says what its data source of this URL was registered with,
  /// where there is one. Without arguments for the first data source.
  public func mint(organization: String? = nil, url: String? = nil, now: Int64) throws -> String {
    try freshToken(organization: organization, url: url, now: now)
  }

  /// A token of these claims, signed with the key that signs now.
  func mint(_ claims: JSONObject) throws(StandInError) -> String {
    guard let token = try? keys.last?.mint(claims) else { throw StandInError(status: 500, message: "cannot sign") }
    return token
  }

  /// The key set, as the issuer publishes it.
  func keySet(_ request: ServerRequest) -> ServerResponse {
    guard ["GET", "HEAD"].contains(request.method) else {
      return Self.refusal(StandInError(status: 405, message: "\(request.method) is not allowed here"))
    }
    var entries: [JSONValue] = []
    for key in keys {
      entries += (try? JSONValue(parsing: Array(key.keySetDocument.utf8)))?.object?["keys"]?.array ?? []
    }
    var response = Self.json(200, JSONObject(["keys": .array(entries)]))
    response.fields.append(("Cache-Control", "public, max-age=\(settings.keySetLifetime)"))
    return response
  }
}
