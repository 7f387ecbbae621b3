/// Why a single key of a key set cannot be used. Such a key is dropped, and the others serve on.
public enum KeyError: Error, Sendable, Hashable {
  /// An entry that is not a JSON object, or a member of it that is of the wrong type or missing.
  case malformed(member: String)
  /// Not an RSA key.
  case keyType
  /// No `kid`, or one that no token could name.
  case keyID
  /// For something else than signatures.
  case use
  /// For operations that "verify" is not one of.
  case operations
  /// For another algorithm than RS256.
  case algorithm
  /// Fewer than 2,048 or more than 4,096 bits.
  case size(bits: Int)
  /// Another public exponent than 65537.
  case exponent
  /// An even modulus, so no product of two large primes.
  case evenModulus
  /// A key that can be factored (CVE-2017-15361).
  case roca
  /// OpenSSL did not take the numbers.
  case refusedByOpenSSL
}

extension KeyError: CustomStringConvertible {
  /// What is wrong, as a sentence's end.
  public var description: String {
    switch self {
    case .malformed(let member): "has no usable \"\(member)\""
    case .keyType: "is not an RSA key"
    case .keyID: "has no \"kid\" of 1 to 128 characters of A-Z a-z 0-9 . _ -"
    case .use: "has a \"use\" other than \"sig\""
    case .operations: "has \"key_ops\" without \"verify\""
    case .algorithm: "has an \"alg\" other than \"RS256\""
    case .size(let bits): "has \(bits) bits, outside 2,048 to 4,096"
    case .exponent: "has a public exponent other than 65537"
    case .evenModulus: "has an even modulus"
    case .roca: "can be factored (CVE-2017-15361)"
    case .refusedByOpenSSL: "is no RSA key to OpenSSL"
    }
  }
}
