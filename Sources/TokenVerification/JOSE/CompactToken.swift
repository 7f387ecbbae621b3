import JSONText

/// A JWS in compact serialization (RFC 7515 section 7.1), taken apart but not believed: nothing here is verified.
public struct CompactToken: Sendable {
  /// The longest token taken, in bytes.
  public static let maximumBytes = 8_192
  /// The longest header taken, in decoded bytes.
  public static let maximumHeaderBytes = 1_024
  /// The longest payload taken, in decoded bytes.
  public static let maximumPayloadBytes = 4_096

  /// The decoded header, JSON if the token is one of ours.
  public let header: [UInt8]
  /// The decoded payload.
  public let payload: [UInt8]
  /// The decoded signature.
  public let signature: [UInt8]
  /// What the signature is over: the encoded header, a dot and the encoded payload.
  public let signingInput: ArraySlice<UInt8>

  /// Takes a token apart. All sizes are checked before anything is decoded.
  public init(_ bytes: [UInt8]) throws(TokenRefusal) {
    guard bytes.count <= Self.maximumBytes else {
      throw TokenRefusal(.size, nil, .tooLong(bytes: bytes.count, limit: Self.maximumBytes))
    }
    let segments = bytes.split(separator: UInt8(ascii: "."), maxSplits: 5, omittingEmptySubsequences: false)
    guard segments.count == 3 else { throw TokenRefusal(.structure, nil, .segments(count: segments.count)) }
    for (segment, text) in zip(TokenSegment.allCases, segments) where text.isEmpty {
      throw TokenRefusal(.structure, nil, .emptySegment(segment))
    }
    try Self.limit(segments[0], to: Self.maximumHeaderBytes)
    try Self.limit(segments[1], to: Self.maximumPayloadBytes)
    header = try Self.decode(segments[0], .header)
    payload = try Self.decode(segments[1], .payload)
    signature = try Self.decode(segments[2], .signature)
    signingInput = bytes[..<segments[1].endIndex]
  }

  private static func limit(_ text: ArraySlice<UInt8>, to limit: Int) throws(TokenRefusal) {
    let count = Base64URL.decodedCount(text.count)
    guard count <= limit else { throw TokenRefusal(.size, nil, .tooLong(bytes: count, limit: limit)) }
  }

  private static func decode(_ text: ArraySlice<UInt8>, _ segment: TokenSegment) throws(TokenRefusal) -> [UInt8] {
    do { return try Base64URL.decode(text) } catch { throw TokenRefusal(.encoding, nil, .notBase64URL(segment, error)) }
  }

  /// The members of a segment that is a JSON object.
  static func members(of bytes: [UInt8], _ segment: TokenSegment) throws(TokenRefusal) -> JSONObject {
    let value: JSONValue
    do { value = try JSONValue(parsing: bytes) } catch { throw TokenRefusal(.json, nil, .notJSON(segment, error)) }
    guard case .object(let members) = value else { throw TokenRefusal(.json, nil, .notAnObject(segment)) }
    return members
  }
}

// A token must not reach a log by way of printing a value that holds it.
extension CompactToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// The sizes of the segments.
  public var description: String {
    "CompactToken(header: \(header.count) B, payload: \(payload.count) B, signature: \(signature.count) B)"
  }
  /// The same as ``description``.
  public var debugDescription: String { description }
  /// Shows no members.
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}
