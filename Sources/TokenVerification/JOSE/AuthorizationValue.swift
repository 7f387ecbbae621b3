/// Finding the token in a call's `authorization` metadata (RFC 6750 section 2.1; Webex is seen to send the bare token too).
enum AuthorizationValue {
  private static let scheme = Array("bearer ".utf8)

  /// The token's bytes. `values` are all values of the metadata key: gRPC hands duplicates on.
  static func token(in values: [[UInt8]]) throws(TokenRefusal) -> [UInt8] {
    guard let value = values.first else { throw TokenRefusal(.authorization, nil, .noToken) }
    guard values.count == 1 else { throw TokenRefusal(.authorization, nil, .severalTokens(count: values.count)) }
    guard !value.isEmpty else { throw TokenRefusal(.authorization, nil, .noToken) }
    // Before looking for anything in it, so that a long value costs nothing.
    guard value.count <= CompactToken.maximumBytes + scheme.count else {
      throw TokenRefusal(.size, nil, .tooLong(bytes: value.count, limit: CompactToken.maximumBytes))
    }
    let space = UInt8(ascii: " ")
    guard let end = value.firstIndex(of: space) else { return value }
    guard end == scheme.count - 1, value[..<end].map({ $0 | 0x20 }) == Array(scheme.dropLast()),
      value.count > scheme.count, value[scheme.count] != space
    else { throw TokenRefusal(.authorization, nil, .notBearer) }
    return Array(value[scheme.count...])
  }
}
