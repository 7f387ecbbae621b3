import JSONText
import Testing

@testable import TokenVerification

/// A token that must be refused: what is wrong with it, how to make it, and the check that must find it.
struct BadToken: Sendable, CustomTestStringConvertible {
  let requirement: String
  let name: String
  let check: TokenRefusal.Check
  let make: @Sendable (Fixture) throws -> String

  init(
    _ requirement: String, _ name: String, _ check: TokenRefusal.Check,
    _ make: @escaping @Sendable (Fixture) throws -> String
  ) {
    self.requirement = requirement
    self.name = name
    self.check = check
    self.make = make
  }

  var testDescription: String { "\(requirement) \(name)" }

  static func header(
    _ requirement: String, _ name: String, _ check: TokenRefusal.Check,
    _ edit: @escaping @Sendable (inout JSONObject) -> Void
  ) -> BadToken {
    BadToken(requirement, name, check) { try $0.token(header: edit) }
  }

  static func claim(
    _ requirement: String, _ name: String, _ check: TokenRefusal.Check,
    _ edit: @escaping @Sendable (inout JSONObject) -> Void
  ) -> BadToken {
    BadToken(requirement, name, check) { try $0.token(claims: edit) }
  }

  /// A good token with one of its segments put through `edit`.
  static func segment(
    _ requirement: String, _ name: String, _ check: TokenRefusal.Check, _ index: Int,
    _ edit: @escaping @Sendable (String) -> String
  ) -> BadToken {
    BadToken(requirement, name, check) { fixture in
      var segments = try fixture.goodToken.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      segments[index] = edit(segments[index])
      return segments.joined(separator: ".")
    }
  }

  static let all = form + headers + signatures + claims + tenants

  private static let form: [BadToken] = [
    BadToken("J1", "nothing", .authorization) { _ in "" },
    BadToken("J1", "only the scheme", .authorization) { _ in "Bearer " },
    BadToken("J1", "two spaces", .authorization) { "Bearer  \(try $0.goodToken)" },
    BadToken("J1", "another scheme", .authorization) { "Basic \(try $0.goodToken)" },
    BadToken("J1", "a tab for the space", .encoding) { "Bearer\t\(try $0.goodToken)" },
    BadToken("J1", "a space at the end", .authorization) { "\(try $0.goodToken) " },
    BadToken("J2", "8,193 bytes", .size) { _ in String(repeating: "A", count: 8_193) },
    BadToken("J2", "a megabyte", .size) { _ in "Bearer " + String(repeating: "A", count: 1 << 20) },
    .header("J2", "a header over 1 KB", .size) { $0["x"] = .string(String(repeating: "x", count: 1_024)) },
    .claim("J2", "a payload over 4 KB", .size) { $0["x"] = .string(String(repeating: "x", count: 4_096)) },
    BadToken("J3", "one segment", .structure) { _ in "abcd" },
    BadToken("J3", "two segments", .structure) {
      try $0.goodToken.split(separator: ".").prefix(2).joined(separator: ".")
    },
    BadToken("J3", "four segments", .structure) { try $0.goodToken + ".AAAA" },
    BadToken("J3", "five segments, as JWE has", .structure) { try $0.goodToken + ".AAAA.AAAA" },
    BadToken("J3", "8,000 dots", .structure) { _ in String(repeating: ".", count: 8_000) },
    .segment("J3", "an empty header", .structure, 0) { _ in "" },
    .segment("J3", "an empty payload", .structure, 1) { _ in "" },
    .segment("J3", "an empty signature", .structure, 2) { _ in "" },
    BadToken("J3", "JSON serialization", .structure) { fixture in
      let segments = try fixture.goodToken.split(separator: ".")
      return #"{"payload":"\#(segments[1])","protected":"\#(segments[0])","signature":"\#(segments[2])"}"#
    },
    .segment("J4", "padding", .encoding, 2) { $0 + "==" },
    .segment("J4", "white space", .encoding, 1) { $0.prefix(10) + "\n" + $0.dropFirst(11) },
    .segment("J4", "a standard alphabet's character", .encoding, 2) { "+" + $0.dropFirst() },
    .segment("J4", "unused bits set in the last character", .encoding, 2) { $0.dropLast() + "_" },
    .segment("J5", "a header that is no JSON", .json, 0) { _ in Base64URL.encode("alg=RS256".utf8) },
    .segment("J5", "a header that is no object", .json, 0) { _ in Base64URL.encode("[]".utf8) },
    BadToken("J5", "the algorithm twice", .json) { fixture in
      try fixture.issuer.sign(
        header: #"{"alg":"none","kid":"\#(fixture.issuer.keyID)","alg":"RS256"}"#,
        payload: JSONValue.object(fixture.claims).text)
    },
    BadToken("J5", "the expiry twice", .json) { fixture in
      let payload = JSONValue.object(fixture.claims).text.dropLast() + #","exp":1}"#
      return try fixture.issuer.sign(
        header: #"{"alg":"RS256","kid":"\#(fixture.issuer.keyID)"}"#, payload: String(payload))
    },
    BadToken("J5", "something after the payload", .json) { fixture in
      try fixture.issuer.sign(
        header: #"{"alg":"RS256","kid":"\#(fixture.issuer.keyID)"}"#,
        payload: JSONValue.object(fixture.claims).text + "{}")
    },
    BadToken("J5", "a payload of 1,000 nested arrays", .json) { fixture in
      try fixture.issuer.sign(
        header: #"{"alg":"RS256","kid":"\#(fixture.issuer.keyID)"}"#, payload: String(repeating: "[", count: 1_000))
    },
  ]

  private static let headers: [BadToken] =
    ["none", "None", "nOnE", "HS256", "RS384", "RS512", "PS256", "ES256", "rs256", "RS256 ", ""].map { name in
      .header("J6", "the algorithm \"\(name)\"", .algorithm) { $0["alg"] = .string(name) }
    } + [
      .header("J6", "no algorithm", .algorithm) { $0["alg"] = nil },
      .header("J6", "the algorithm as a list", .algorithm) { $0["alg"] = .array([.string("RS256")]) },
      BadToken("J6", "HS256 keyed with the public key", .algorithm) { fixture in
        let header = #"{"alg":"HS256","kid":"\#(fixture.issuer.keyID)"}"#
        let input = Base64URL.encode(header.utf8) + "." + Base64URL.encode(JSONValue.object(fixture.claims).text.utf8)
        return input + "." + Base64URL.encode(hmac(key: fixture.issuer.key.modulus, Array(input.utf8)))
      },
      BadToken("J6", "no algorithm and a signature of one byte", .algorithm) { fixture in
        Base64URL.encode(#"{"alg":"none"}"#.utf8) + "." + Base64URL.encode(JSONValue.object(fixture.claims).text.utf8)
          + ".AA"
      },
    ]
    + ["at+jwt", "JWE", "logout+jwt", "", "JOSE"].map { name in
      .header("J7", "the type \"\(name)\"", .type) { $0["typ"] = .string(name) }
    } + [
      .header("J7", "a type that is a number", .type) { $0["typ"] = .number(JSONNumber(1)) },
      .header("J8", "critical extensions", .header) { $0["crit"] = .array([.string("exp")]) },
      .header("J8", "no critical extensions, said so", .header) { $0["crit"] = .array([]) },
    ]
    + ["b64", "jku", "jwk", "x5u", "x5c", "zip", "enc"].map { name in
      .header("J8", "the header parameter \(name)", .header) { $0[name] = .string("https://example.com/") }
    } + [
      .header("J8", "a content type that is a number", .header) { $0["cty"] = .number(JSONNumber(1)) },
      .header("J8", "a certificate's thumbprint that is a list", .header) { $0["x5t"] = .array([]) },
      .header("J8", "a certificate's other thumbprint that is null", .header) { $0["x5t#S256"] = .null },
      BadToken("J8", "an attacker's key inside the header, and signed with it", .header) { fixture in
        let attacker = try DevelopmentIssuer(issuer: fixture.issuer.issuer)
        let header = JSONObject([
          "alg": .string("RS256"), "kid": .string(fixture.issuer.keyID),
          "jwk": try JSONValue(parsing: Array(attacker.keySetDocument.utf8)),
        ])
        // The document is small enough for a header.
        return try attacker.sign(header: JSONValue.object(header).text, payload: JSONValue.object(fixture.claims).text)
      },
      .header("J9", "no key id", .keyID) { $0["kid"] = nil },
      .header("J9", "an empty key id", .keyID) { $0["kid"] = .string("") },
      .header("J9", "a key id that is a number", .keyID) { $0["kid"] = .number(JSONNumber(1)) },
      .header("J9", "a path for a key id", .keyID) { $0["kid"] = .string("../../dev/null") },
      .header("J9", "SQL for a key id", .keyID) { $0["kid"] = .string("' or 1=1") },
      .header("J9", "a key id of 129 characters", .keyID) { $0["kid"] = .string(String(repeating: "k", count: 129)) },
      .header("J9", "a line break in the key id", .keyID) { $0["kid"] = .string("a\nb") },
      BadToken("J9", "NUL in the key id", .json) { fixture in
        try fixture.issuer.sign(header: #"{"alg":"RS256","kid":"a\u0000"}"#, payload: "{}")
      },
      .header("J9", "a key id of 10 KB", .size) { $0["kid"] = .string(String(repeating: "k", count: 10_240)) },
      .header("J10", "a key id that the issuer does not have", .key) { $0["kid"] = .string("other") },
    ]

  private static let signatures: [BadToken] = [
    .segment("J12", "a changed payload", .signature, 1) { payload in
      let claims = (try? Base64URL.decode(payload)).map { String(decoding: $0, as: UTF8.self) } ?? ""
      return Base64URL.encode(claims.replacing("callAudioData", with: "callaudiodata").utf8)
    },
    .segment("J12", "a header that is spelt differently", .signature, 0) { header in
      let text = (try? Base64URL.decode(header)).map { String(decoding: $0, as: UTF8.self) } ?? ""
      return Base64URL.encode((" " + text).utf8)
    },
    .segment("J12", "a signature of zeros", .signature, 2) { _ in
      Base64URL.encode([UInt8](repeating: 0, count: 256))
    },
    .segment("J12", "a signature one byte longer", .signature, 2) { signature in
      Base64URL.encode(((try? Base64URL.decode(signature)) ?? []) + [0])
    },
    .segment("J12", "a signature with a zero before it", .signature, 2) { signature in
      Base64URL.encode([0] + ((try? Base64URL.decode(signature)) ?? []))
    },
    .segment("J12", "a signature one byte shorter", .signature, 2) { signature in
      Base64URL.encode(((try? Base64URL.decode(signature)) ?? []).dropLast())
    },
    BadToken("J12", "the modulus as signature", .signature) { fixture in
      let segments = try fixture.goodToken.split(separator: ".")
      return "\(segments[0]).\(segments[1])." + Base64URL.encode(fixture.issuer.key.modulus)
    },
    BadToken("J10", "signed with another key under this key's id", .signature) { fixture in
      let attacker = try DevelopmentIssuer(issuer: fixture.issuer.issuer)
      return try attacker.sign(
        header: #"{"alg":"RS256","kid":"\#(fixture.issuer.keyID)"}"#, payload: JSONValue.object(fixture.claims).text)
    },
  ]

  private static let claims: [BadToken] =
    [
      "https://idbroker.webex.com/idb/", "https://IDBROKER.webex.com/idb", "https://idbroker.webex.com:443/idb",
      "https://user@idbroker.webex.com/idb", "http://idbroker.webex.com/idb", "https://idbro\u{212A}er.webex.com/idb",
      "https://idbr\u{43E}ker.webex.com/idb", "https://idbroker.webex.com/idb?", " https://idbroker.webex.com/idb", "",
    ].map { issuer in .claim("J13", "the issuer \"\(issuer)\"", .issuer) { $0["iss"] = .string(issuer) } } + [
      .claim("J13", "no issuer", .issuer) { $0["iss"] = nil },
      .claim("J13", "issuers as a list", .issuer) { $0["iss"] = .array([.string("https://idbroker.webex.com/idb")]) },
      BadToken("J13", "NUL after the issuer", .json) { fixture in
        try fixture.issuer.sign(
          header: #"{"alg":"RS256","kid":"\#(fixture.issuer.keyID)"}"#,
          payload: #"{"iss":"https://idbroker.webex.com/idb\u0000"}"#)
      },
    ]
    + ["exp", "iat"].flatMap { name in
      [
        .claim("J14", "no \(name)", .claim) { $0[name] = nil },
        .claim("J14", "\(name) as a text", .claim) { $0[name] = .string("1800000000") },
        .claim("J14", "\(name) that is true", .claim) { $0[name] = .bool(true) },
        .claim("J14", "\(name) that is null", .claim) { $0[name] = .null },
        .claim("J14", "\(name) of 2^53 + 1", .claim) { $0[name] = .number(JSONNumber(1 << 53 + 1)) },
        .claim("J14", "\(name) that is negative", .claim) {
          $0[name] = .number(JSONNumber(literal: "-1", wholeValue: nil))
        },
        .claim("J14", "\(name) of 1e400", .claim) {
          $0[name] = .number(JSONNumber(literal: "1e400", wholeValue: nil))
        },
        .claim("J14", "\(name) of 2^53 and a fraction", .claim) {
          $0[name] = .number(JSONNumber(literal: "9007199254740992.5", wholeValue: nil))
        },
        .claim("J14", "\(name) that is a negative fraction", .claim) {
          $0[name] = .number(JSONNumber(literal: "-0.5", wholeValue: nil))
        },
      ]
    } + [
      .claim("J14", "nbf as a text", .claim) { $0["nbf"] = .string("0") },
      .claim("J15", "ended a minute ago", .time) {
        $0["exp"] = .number(JSONNumber(Fixture.now - 60))
        $0["iat"] = .number(JSONNumber(Fixture.now - 120))
      },
      .claim("J15", "made in a minute", .time) { $0["iat"] = .number(JSONNumber(Fixture.now + 60)) },
      .claim("J15", "valid in a minute", .time) { $0["nbf"] = .number(JSONNumber(Fixture.now + 60)) },
      .claim("J16", "ten years of life", .lifetime) {
        $0["exp"] = .number(JSONNumber(Fixture.now + 315_360_000))
      },
      .claim("J16", "ends when it begins", .lifetime) { $0["exp"] = .number(JSONNumber(Fixture.now)) },
    ]
    + required.flatMap { name in
      [
        .claim("J17", "no \(name)", .claim) { $0[name] = nil },
        .claim("J17", "an empty \(name)", .claim) { $0[name] = .string("") },
        .claim("J17", "\(name) that is a number", .claim) { $0[name] = .number(JSONNumber(5)) },
        .claim("J17", "\(name) of 513 bytes", .claim) { $0[name] = .string(String(repeating: "x", count: 513)) },
      ]
    } + [
      .claim("J17", "an empty list of audiences", .claim) { $0["aud"] = .array([]) },
      .claim("J17", "nine audiences", .claim) { $0["aud"] = .array(Array(repeating: .string("a"), count: 9)) },
      .claim("J17", "an audience that is a number", .claim) {
        $0["aud"] = .array([.string("a"), .number(JSONNumber(1))])
      },
      .claim("J17", "an organization that is no UUID", .claim) { $0["com.cisco.org.uuid"] = .string("example") },
    ]

  private static let required = [
    "aud", "sub", "jti", "com.cisco.org.uuid", "com.cisco.datasource.url", "com.cisco.datasource.schema.uuid",
  ]

  private static let tenants: [BadToken] = [
    .claim("J17", "an organization that is no tenant's", .tenant) {
      $0["com.cisco.org.uuid"] = .string("00000000-6e2f-49f9-9a84-b354008fac9e")
    },
    .claim("J17", "the organization in upper case", .tenant) {
      $0["com.cisco.org.uuid"] = .string("CE861FBA-6E2F-49F9-9A84-B354008FAC9E")
    },
    .claim("J17", "the URL without its port", .tenant) {
      $0["com.cisco.datasource.url"] = .string("https://voice.example.com")
    },
    .claim("J17", "the URL with a final slash", .tenant) {
      $0["com.cisco.datasource.url"] = .string("https://voice.example.com:443/")
    },
    .claim("J17", "the URL in upper case", .tenant) {
      $0["com.cisco.datasource.url"] = .string("https://VOICE.example.com:443")
    },
    .claim("J17", "another schema than the method's", .tenant) {
      $0["com.cisco.datasource.schema.uuid"] = .string(SchemaID.audioForking.rawValue)
    },
    .claim("J17", "an unknown schema", .tenant) {
      $0["com.cisco.datasource.schema.uuid"] = .string("00000000-7920-4ffc-807c-e8a3e0a18f43")
    },
  ]

  /// HMAC-SHA-256 (RFC 2104).
  private static func hmac(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    let key = SHA256(key).bytes + [UInt8](repeating: 0, count: 32)
    return SHA256(key.map { $0 ^ 0x5C } + SHA256(key.map { $0 ^ 0x36 } + message).bytes).bytes
  }
}
