public import Basics
public import JSONText

/// An issuer of tokens for development, demonstrations and tests: an RSA key of its own, the key set that publishes it,
/// and tokens such as Webex's issuers make.
public struct DevelopmentIssuer: Sendable {
  /// The `iss` of its tokens unless another is given. No such host can exist (RFC 2606).
  public static let defaultIssuer = "https://issuer.patchbay.invalid"

  /// Why a key could not be made, read or used.
  public enum SigningKeyError: Error, Sendable, Hashable {
    /// OpenSSL could not make a key.
    case notMade
    /// OpenSSL could not sign.
    case notSigned
    /// The file holds no unencrypted RSA key in PEM.
    case notAnRSAKey
    /// The file's key could not verify a token.
    case unusableKey(KeyError)
    /// The file cannot be read or written, or others than its owner can.
    case file(FileError)
  }

  /// The `iss` of its tokens.
  public let issuer: String
  let key: RSAPrivateKey

  /// An issuer with a fresh key of 2,048 bits.
  public init(issuer: String = Self.defaultIssuer) throws(SigningKeyError) {
    self.init(issuer: issuer, key: try RSAPrivateKey.generate())
  }

  init(issuer: String, key: RSAPrivateKey) {
    self.issuer = issuer
    self.key = key
  }

  /// The key's id: its thumbprint (RFC 7638).
  public var keyID: String { key.publicKey.thumbprint }

  /// The key set it publishes.
  public var keySet: KeySet { KeySet(keyID: keyID, key: key.publicKey) }

  /// The key set as a JWK Set document.
  public var keySetDocument: String {
    let entry = JSONObject([
      "kty": .string("RSA"), "use": .string("sig"), "alg": .string(TokenHeader.algorithm), "kid": .string(keyID),
      "n": .string(Base64URL.encode(key.modulus)), "e": .string(Base64URL.encode(key.exponent)),
    ])
    return JSONValue.object(JSONObject(["keys": .array([.object(entry)])])).text
  }

  /// The keys for a verifier in the same process.
  public var keySource: StaticKeySource { StaticKeySource([issuer: keySet]) }

  /// The claims of a token that a tenant's data source would get.
  ///
  /// - Parameters:
  ///   - tenant: whose token; the audience, subject and nonce it does not ask for get plain names.
  ///   - schema: the data source's schema.
  ///   - now: the time of issue, in seconds since 1970.
  ///   - lifetime: in seconds; Webex's tokens live from one hour to one day.
  public func claims(
    for tenant: Tenant, schema: SchemaID = .voiceVirtualAgent, now: Int64 = WallClock.now(), lifetime: Int64 = 3_600
  ) -> JSONObject {
    JSONObject([
      "iss": .string(issuer),
      "sub": .string(tenant.subject ?? "callAudioData"),
      "aud": .string(tenant.audience ?? "patchbay"),
      "iat": .number(JSONNumber(now)),
      "exp": .number(JSONNumber(now + lifetime)),
      "jti": .string(tenant.nonces?.first ?? "development-nonce"),
      TokenField.organization.rawValue: .string(tenant.organization),
      TokenField.url.rawValue: .string(tenant.url),
      TokenField.schema.rawValue: .string(schema.rawValue),
    ])
  }

  /// A token of these claims.
  public func mint(_ claims: JSONObject) throws(SigningKeyError) -> String {
    let header = JSONObject([
      "kid": .string(keyID), "typ": .string("JWT"), "alg": .string(TokenHeader.algorithm),
    ])
    return try sign(header: JSONValue.object(header).text, payload: JSONValue.object(claims).text)
  }

  /// A token of any header and payload, well formed or not, signed with RS256.
  public func sign(header: String, payload: String) throws(SigningKeyError) -> String {
    let input = Base64URL.encode(header.utf8) + "." + Base64URL.encode(payload.utf8)
    return input + "." + Base64URL.encode(try key.signature(of: Array(input.utf8)))
  }
}

extension DevelopmentIssuer.SigningKeyError: CustomStringConvertible {
  /// What failed and what to do.
  public var description: String {
    switch self {
    case .notMade: "OpenSSL could not make or write an RSA key"
    case .notSigned: "OpenSSL could not sign with this key"
    case .notAnRSAKey: "the file holds no unencrypted RSA private key in PEM; remove it to have one made"
    case .unusableKey(let defect): "the file's key \(defect); remove it to have another made"
    case .file(let error): "the key file \(error.problem)"
    }
  }
}
