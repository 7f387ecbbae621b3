import JSONText

/// The header of a token that this verifier can take (RFC 7515 section 4.1): RS256 and a key id, and nothing that would
/// have the token say how it is to be verified (RFC 8725 sections 3.1 and 3.10).
public struct TokenHeader: Sendable, Hashable {
  /// The one algorithm. It is a constant here; a token can only agree with it.
  public static let algorithm = "RS256"
  /// The longest key id, in bytes.
  public static let maximumKeyIDBytes = 128

  /// The key's id: 1 to 128 characters of `A–Z a–z 0–9 . _ -`. A map key and nothing else.
  public let keyID: String

  /// Reads and checks a decoded header.
  public init(_ bytes: [UInt8]) throws(TokenRefusal) {
    let members = try CompactToken.members(of: bytes, .header)
    if let refusal = Self.refusals(members).first { throw refusal }
    keyID = members[TokenField.keyID.rawValue]?.string ?? ""
  }

  /// All that is wrong with a header, gravest first.
  static func refusals(_ members: JSONObject) -> [TokenRefusal] {
    var refusals: [TokenRefusal] = []
    switch members[TokenField.algorithm.rawValue] {
    case nil: refusals.append(TokenRefusal(.algorithm, .algorithm, .missing))
    case .string(let name)? where name.hasSameBytes(as: algorithm): break
    case .some: refusals.append(TokenRefusal(.algorithm, .algorithm, .notAllowed))
    }
    switch members[TokenField.type.rawValue] {
    case nil: break
    case .string(let name)? where name.utf8.elementsEqual("jwt".utf8, by: { $0 | 0x20 == $1 }): break
    case .some: refusals.append(TokenRefusal(.type, .type, .notAllowed))
    }
    let forbidden: [TokenField] = [
      .critical, .unencodedPayload, .keySetURL, .embeddedKey, .certificateURL, .certificateChain, .compression,
      .encryption,
    ]
    for field in forbidden where members[field.rawValue] != nil {
      refusals.append(TokenRefusal(.header, field, .forbidden))
    }
    // Nothing is made of these, but a header in which they are no texts is not what it seems to be.
    for field in [TokenField.contentType, .certificateThumbprint, .certificateSHA256Thumbprint] {
      guard let value = members[field.rawValue], value.string == nil else { continue }
      refusals.append(TokenRefusal(.header, field, .wrongType(expected: "a string")))
    }
    switch members[TokenField.keyID.rawValue] {
    case nil: refusals.append(TokenRefusal(.keyID, .keyID, .missing))
    case .string(let id)?:
      if id.isEmpty {
        refusals.append(TokenRefusal(.keyID, .keyID, .empty))
      } else if id.utf8.count > maximumKeyIDBytes {
        refusals.append(
          TokenRefusal(.keyID, .keyID, .tooLong(bytes: id.utf8.count, limit: maximumKeyIDBytes)))
      } else if !isKeyID(id) {
        refusals.append(TokenRefusal(.keyID, .keyID, .notAllowed))
      }
    case .some: refusals.append(TokenRefusal(.keyID, .keyID, .wrongType(expected: "a string")))
    }
    return refusals
  }

  /// Whether a text is of a key id's form.
  static func isKeyID(_ text: String) -> Bool {
    (1...maximumKeyIDBytes).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}
