public import JSONText

/// Why a token is refused: which check, about which part of the token, and what is wrong with it.
///
/// It is made for logs, metrics and `patchbay token verify`, not for the caller: the client is told only
/// ``GateStatus/text``. It holds numbers, positions and names from our own source, never text of the token.
public struct TokenRefusal: Error, Sendable, Hashable {
  /// The check that failed. The raw values are few and constant: usable as a metric's label.
  public enum Check: String, Sendable, Hashable, CaseIterable {
    case authorization, size, structure, encoding, json, algorithm, type, header, issuer, key, signature, claim, time
    case lifetime, tenant, revoked, organization
    case keyID = "key_id"
  }

  /// What is wrong.
  public enum Problem: Sendable, Hashable {
    /// There is no `authorization` metadata, or an empty one.
    case noToken
    /// More than one `authorization` value.
    case severalTokens(count: Int)
    /// A value that is neither `Bearer`, one space and a token, nor a bare token.
    case notBearer
    /// More bytes than allowed.
    case tooLong(bytes: Int, limit: Int)
    /// Not three segments.
    case segments(count: Int)
    /// A segment of no characters.
    case emptySegment(TokenSegment)
    /// A segment that is not strict base64url.
    case notBase64URL(TokenSegment, Base64URL.FormatError)
    /// A segment that is not strict JSON.
    case notJSON(TokenSegment, JSONError)
    /// A segment whose JSON is not an object.
    case notAnObject(TokenSegment)
    /// The field is not there.
    case missing
    /// The field is there but must not be.
    case forbidden
    /// The field is of another JSON type than its definition says.
    case wrongType(expected: String)
    /// The field is empty.
    case empty
    /// The field's value is none of those allowed.
    case notAllowed
    /// The field is not a UUID.
    case notUUID
    /// The field is not a number from 0 to 2^53.
    case outOfRange
    /// More elements than allowed.
    case tooMany(count: Int, limit: Int)
    /// No key of this issuer has this id.
    case unknownKey
    /// The signature is not as long as the key's modulus. In bytes.
    case signatureLength(bytes: Int, expected: Int)
    /// The signature is not this key's over this token.
    case badSignature
    /// The token ended this many seconds ago.
    case expired(seconds: Int64)
    /// The time lies this many seconds ahead.
    case inFuture(seconds: Int64)
    /// The token ends before it begins.
    case endsBeforeItBegins
    /// The token lives longer than allowed. In seconds.
    case livesTooLong(seconds: Int64, limit: Int64)
    /// The value differs from the configured one, first at this character (counted from 1).
    case differs(atCharacter: Int)
    /// No tenant has this organization.
    case unknownTenant
    /// The nonce is none of the tenant's current ones.
    case notCurrent
    /// The organization's nonce is on the list of revoked ones.
    case revoked
  }

  /// The check that failed.
  public let check: Check
  /// The part of the token it is about, if one.
  public let field: TokenField?
  /// What is wrong.
  public let problem: Problem

  init(_ check: Check, _ field: TokenField? = nil, _ problem: Problem) {
    self.check = check
    self.field = field
    self.problem = problem
  }

  /// The status with which the call ends: a token that fails a check is UNAUTHENTICATED; a good token used for another
  /// organization's call is PERMISSION_DENIED.
  public var status: GateStatus { check == .organization ? .permissionDenied : .unauthenticated }
}

extension TokenRefusal: CustomStringConvertible {
  /// One line for a log: the check, the field and the fault, without any text of the token.
  public var description: String {
    if check == .issuer, problem == .notAllowed {
      "issuer: iss is no issuer that is trusted; the configuration's identity.issuers adds one"
    } else if let field {
      "\(check.rawValue): \(field.rawValue) \(problem.description)"
    } else {
      "\(check.rawValue): \(problem.description)"
    }
  }
}

extension TokenRefusal.Problem: CustomStringConvertible {
  /// What is wrong, as the end of a sentence.
  public var description: String {
    switch self {
    case .noToken: "no authorization metadata"
    case .severalTokens(let count): "\(count) authorization values where there must be one"
    case .notBearer: "neither \"Bearer\", one space and a token, nor a bare token"
    case .tooLong(let bytes, let limit): "has \(bytes) bytes, more than \(limit)"
    case .segments(let count): "\(count) segments where a compact token has 3"
    case .emptySegment(let segment): "the \(segment.rawValue) is empty"
    case .notBase64URL(let segment, let fault): "the \(segment.rawValue) is not base64url: \(fault)"
    case .notJSON(let segment, let fault): "the \(segment.rawValue) is not strict JSON: \(fault)"
    case .notAnObject(let segment): "the \(segment.rawValue) is not a JSON object"
    case .missing: "is missing"
    case .forbidden: "must not be there"
    case .wrongType(let expected): "must be \(expected)"
    case .empty: "is empty"
    case .notAllowed: "has a value that is not allowed"
    case .notUUID: "is not a UUID"
    case .outOfRange: "is not a number from 0 to 2^53"
    case .tooMany(let count, let limit): "has \(count) elements, more than \(limit)"
    case .unknownKey: "names no key of this issuer"
    case .signatureLength(let bytes, let expected): "\(bytes) bytes where this key signs with \(expected)"
    case .badSignature: "is not this key's signature of this token"
    case .expired(let seconds): "was \(seconds) s ago"
    case .inFuture(let seconds): "is \(seconds) s ahead"
    case .endsBeforeItBegins: "is not after iat"
    case .livesTooLong(let seconds, let limit): "is \(seconds) s after iat, more than \(limit)"
    case .differs(let character): "differs from the configured value at character \(character)"
    case .unknownTenant: "is no configured tenant's"
    case .notCurrent: "is none of the tenant's current nonces"
    case .revoked: "is revoked"
    }
  }
}

/// How the gate ends a call. The text is all that the client learns.
public enum GateStatus: Int, Sendable, Hashable {
  /// A valid token, used for what it does not cover. gRPC status 7.
  case permissionDenied = 7
  /// The token could not be checked now; trying again later can help. gRPC status 14.
  case unavailable = 14
  /// No token, or none that is valid. gRPC status 16.
  case unauthenticated = 16

  /// The gRPC status code.
  public var code: Int { rawValue }

  /// The one status message for every reason.
  public var text: String {
    switch self {
    case .permissionDenied: "permission denied"
    case .unavailable: "authentication is unavailable, try again"
    case .unauthenticated: "unauthenticated"
    }
  }
}
