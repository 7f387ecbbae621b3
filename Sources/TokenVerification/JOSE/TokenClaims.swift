import JSONText

/// The claims of a data source's token (Wire 9; RFC 7519 section 4.1), each of its type and within its
/// bounds, but not yet compared with anything.
public struct TokenClaims: Sendable, Hashable {
  /// The longest text of a claim, in bytes.
  public static let maximumTextBytes = 512
  /// The most audiences a token may name.
  public static let maximumAudiences = 8
  /// The largest time, in seconds since 1970: the whole numbers that every JSON reader keeps exactly.
  public static let maximumTime: Int64 = 1 << 53

  /// Who made the token.
  public let issuer: String
  /// When it ends, in seconds since 1970; a fraction is dropped.
  public let expiry: Int64
  /// When it was made, in seconds since 1970; a fraction counts as a second.
  public let issuedAt: Int64
  /// Before when it must not be taken, in seconds since 1970; a fraction counts as a second.
  public let notBefore: Int64?
  /// From when it was made to when it ends, in seconds, at the most that the two may mean.
  public let longestLifetime: Int64
  /// Whom it is for: 1 to 8 names.
  public let audiences: [String]
  /// As registered with the data source.
  public let subject: String
  /// The nonce registered last; it repeats on every call.
  public let nonce: String
  /// The customer's organization, a UUID.
  public let organization: String
  /// The URL registered with the data source.
  public let url: String
  /// The schema registered with the data source.
  public let schema: String

  /// Reads a payload's claims.
  init(_ members: JSONObject) throws(TokenRefusal) {
    var reader = ClaimReader(members: members)
    let claims = TokenClaims(reading: &reader)
    if let refusal = reader.refusals.first { throw refusal }
    self = claims
  }

  /// Reads what can be read; the reader keeps what cannot.
  private init(reading reader: inout ClaimReader) {
    issuer = reader.text(.issuer)
    // Every fraction is rounded against the token.
    let end = reader.time(.expiry) ?? (0, 0)
    let begin = reader.time(.issuedAt) ?? (0, 0)
    expiry = end.lower
    issuedAt = begin.upper
    longestLifetime = end.upper - begin.lower
    notBefore = reader.time(.notBefore, isRequired: false)?.upper
    audiences = reader.audiences()
    subject = reader.text(.subject)
    nonce = reader.text(.nonce)
    organization = reader.text(.organization)
    if !organization.isEmpty, !Self.isUUID(organization) {
      reader.refusals.append(TokenRefusal(.claim, .organization, .notUUID))
    }
    url = reader.text(.url)
    schema = reader.text(.schema)
  }

  /// The claims as far as they can be read, and everything that is wrong with their form.
  static func inspect(_ members: JSONObject) -> (claims: TokenClaims, refusals: [TokenRefusal]) {
    var reader = ClaimReader(members: members)
    let claims = TokenClaims(reading: &reader)
    return (claims, reader.refusals)
  }

  /// Whether a text is a UUID in its usual form, letters of either case (RFC 9562 section 4).
  static func isUUID(_ text: String) -> Bool {
    guard text.utf8.count == 36 else { return false }
    return text.utf8.enumerated().allSatisfy { offset, byte in
      switch (offset, byte) {
      case (8, _), (13, _), (18, _), (23, _): byte == UInt8(ascii: "-")
      case (_, UInt8(ascii: "0")...UInt8(ascii: "9")), (_, UInt8(ascii: "a")...UInt8(ascii: "f")),
        (_, UInt8(ascii: "A")...UInt8(ascii: "F")):
        true
      default: false
      }
    }
  }
}

private struct ClaimReader {
  let members: JSONObject
  var refusals: [TokenRefusal] = []

  init(members: JSONObject) { self.members = members }

  mutating func text(_ field: TokenField) -> String {
    guard let value = members[field.rawValue] else {
      refusals.append(TokenRefusal(.claim, field, .missing))
      return ""
    }
    return text(value, field) ?? ""
  }

  mutating func text(_ value: JSONValue, _ field: TokenField) -> String? {
    guard case .string(let text) = value else {
      refusals.append(TokenRefusal(.claim, field, .wrongType(expected: "a string")))
      return nil
    }
    guard !text.isEmpty else {
      refusals.append(TokenRefusal(.claim, field, .empty))
      return nil
    }
    guard text.utf8.count <= TokenClaims.maximumTextBytes else {
      refusals.append(
        TokenRefusal(.claim, field, .tooLong(bytes: text.utf8.count, limit: TokenClaims.maximumTextBytes)))
      return nil
    }
    return text
  }

  mutating func time(_ field: TokenField, isRequired: Bool = true) -> (lower: Int64, upper: Int64)? {
    switch members[field.rawValue] {
    case nil:
      if isRequired { refusals.append(TokenRefusal(.claim, field, .missing)) }
      return nil
    case .number(let number)?:
      guard let bounds = number.rounded, bounds.upper <= TokenClaims.maximumTime else {
        refusals.append(TokenRefusal(.claim, field, .outOfRange))
        return nil
      }
      return bounds
    case .some:
      refusals.append(TokenRefusal(.claim, field, .wrongType(expected: "a number")))
      return nil
    }
  }

  mutating func audiences() -> [String] {
    guard case .array(let elements)? = members[TokenField.audience.rawValue] else {
      let text = text(.audience)
      return text.isEmpty ? [] : [text]
    }
    guard !elements.isEmpty else {
      refusals.append(TokenRefusal(.claim, .audience, .empty))
      return []
    }
    guard elements.count <= TokenClaims.maximumAudiences else {
      refusals.append(
        TokenRefusal(.claim, .audience, .tooMany(count: elements.count, limit: TokenClaims.maximumAudiences)))
      return []
    }
    var audiences: [String] = []
    for element in elements {
      if let audience = text(element, .audience) { audiences.append(audience) }
    }
    return audiences
  }
}

// Claims are personal data and registration secrets: they must not reach a log by way of printing this value.
extension TokenClaims: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// A placeholder.
  public var description: String { "TokenClaims(redacted)" }
  /// The same as ``description``.
  public var debugDescription: String { description }
  /// Shows no members.
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}
