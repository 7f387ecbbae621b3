/// The parts of a token that a rule can be about: header parameters (RFC 7515 section 4.1) and claims (RFC 7519
/// section 4.1, and those of a Webex data source). The raw value is the member's name.
public enum TokenField: String, Sendable, Hashable, CaseIterable {
  case algorithm = "alg"
  case type = "typ"
  case keyID = "kid"
  case critical = "crit"
  case unencodedPayload = "b64"
  case keySetURL = "jku"
  case embeddedKey = "jwk"
  case certificateURL = "x5u"
  case certificateChain = "x5c"
  case compression = "zip"
  case encryption = "enc"
  case contentType = "cty"
  case certificateThumbprint = "x5t"
  case certificateSHA256Thumbprint = "x5t#S256"

  case issuer = "iss"
  case expiry = "exp"
  case issuedAt = "iat"
  case notBefore = "nbf"
  case audience = "aud"
  case subject = "sub"
  /// The registration nonce: it repeats on every call until the data source is updated.
  case nonce = "jti"
  case organization = "com.cisco.org.uuid"
  case url = "com.cisco.datasource.url"
  case schema = "com.cisco.datasource.schema.uuid"
}

/// The three parts of a compact token, in their order (RFC 7515 section 7.1).
public enum TokenSegment: String, Sendable, Hashable, CaseIterable {
  case header, payload, signature
}
