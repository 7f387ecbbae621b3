import Basics
import Glibc
import HTTPFetching
import JSONText
import TokenVerification

/// What an answer's body says. Strict in what is needed, deaf to what is not: Webex may add fields at any time. Numbers may be
/// texts, fractions are dropped, and a byte order mark is passed over: documents and services differ in that.
struct AnswerReading {
  /// Where an answer is not what it has to be.
  typealias FormatError = TextError<AnswerReading>

  /// Bytes of an answer. A data source with its token has some 3 KB.
  static let maximumBytes = 4 << 20
  /// Values in an answer: some 4,000 data sources.
  static let maximumValues = 65_536
  private static let maximumTextBytes = 4_096

  let object: JSONObject

  init(_ value: JSONValue, _ place: String) throws(FormatError) {
    guard let object = value.object else { throw FormatError("\(place) is not an object") }
    self.object = object
  }

  static func value(_ bytes: [UInt8]) throws(FormatError) -> JSONValue {
    do throws(JSONError) {
      return try JSONValue(parsing: JSONValue.withoutByteOrderMark(bytes), maximumValues: maximumValues)
    } catch { throw FormatError(error.description) }
  }

  /// The elements of `{"items": […]}`.
  static func items(_ bytes: [UInt8]) throws(FormatError) -> [JSONValue] {
    let whole = try AnswerReading(value(bytes), "the answer")
    guard let items = whole.object["items"]?.array else { throw FormatError("`items` is not a list") }
    return items
  }

  func requiredText(_ name: String) throws(FormatError) -> String {
    guard let text = try text(name), !text.isEmpty else { throw FormatError("`\(name)` is missing") }
    return text
  }

  /// Text of bounded length without control characters; nil where it is missing or null.
  func text(_ name: String, maximum: Int = Self.maximumTextBytes) throws(FormatError) -> String? {
    switch object[name] {
    case nil, .null: return nil
    case .string(let text):
      guard text.utf8.count <= maximum else { throw FormatError("`\(name)` is over \(maximum) bytes") }
      guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
        throw FormatError("`\(name)` has control characters")
      }
      return text
    default: throw FormatError("`\(name)` is not a text")
    }
  }

  func whole(_ name: String) throws(FormatError) -> Int64? {
    switch object[name] {
    case nil, .null: return nil
    case .number(let number):
      guard let value = number.rounded?.lower else {
        throw FormatError("`\(name)` is not a number that it can be")
      }
      return value
    case .string(let text):
      guard text.utf8.count <= 32, case .number(let number)? = try? JSONValue(parsing: Array(text.utf8)),
        let value = number.rounded?.lower
      else { throw FormatError("`\(name)` is not a number") }
      return value
    default: throw FormatError("`\(name)` is not a number")
    }
  }

  /// A text, or the one text of a list.
  func requiredTextOrList(_ name: String) throws(FormatError) -> String {
    guard let list = object[name]?.array else { return try requiredText(name) }
    guard list.count == 1, let only = list.first else {
      throw FormatError("`\(name)` is a list of \(list.count)")
    }
    return try AnswerReading(.object(JSONObject([name: only])), name).requiredText(name)
  }

  /// Seconds since 1970, from a text (RFC 3339).
  func time(_ name: String) throws(FormatError) -> Int64? {
    guard let text = try text(name, maximum: 64), !text.isEmpty else { return nil }
    guard let seconds = InternetTime.seconds(text) else { throw FormatError("`\(name)` is not a time") }
    return seconds
  }
}

extension DataSource {
  init(_ value: JSONValue) throws(AnswerReading.FormatError) {
    let reading = try AnswerReading(value, "a data source")
    let token = TokenSummary(try reading.text("jwsToken", maximum: 16_384))
    var minutes = try reading.whole("tokenLifetimeMinutes")
    if minutes == nil { minutes = try reading.whole("tokenLifeMinutes") }
    self.init(
      id: try reading.requiredText("id"), schemaID: try reading.requiredTextOrList("schemaId"),
      url: try reading.requiredText("url"), audience: try reading.text("audience"),
      subject: try reading.text("subject"), nonce: try reading.text("nonce") ?? token.nonce,
      lifetimeMinutes: minutes.map { Int(clamping: $0) }, status: try reading.text("status"),
      errorMessage: try reading.text("errorMessage"), organization: try reading.text("orgId"),
      applicationID: try reading.text("applicationId"),
      expiry: try reading.time("tokenExpiryTime") ?? token.expiry, createdBy: try reading.text("createdBy"),
      createdAt: try reading.time("createdAt"), issuedAt: token.issuedAt, claims: token.claims)
  }
}

extension DataSourceSchema {
  init(_ value: JSONValue) throws(AnswerReading.FormatError) {
    let reading = try AnswerReading(value, "a schema")
    self.init(
      id: try reading.requiredText("id"), service: try reading.text("serviceType") ?? "",
      transport: try reading.text("protocol") ?? "")
  }
}

/// What a data source's token says of itself. Not verified: it comes from Webex over TLS, and only what is told nowhere
/// else is taken from it.
struct TokenSummary {
  private(set) var nonce: String?
  private(set) var expiry: Int64?
  private(set) var issuedAt: Int64?
  private(set) var claims: JSONObject?

  init(_ token: String?) {
    guard let token else { return }
    let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 3, let bytes = try? Base64URL.decode(Array(parts[1])[...]),
      let claims = try? JSONValue(parsing: bytes).object
    else { return }
    self.claims = claims
    nonce = claims["jti"]?.string
    if case .number(let number) = claims["exp"] { expiry = number.rounded?.lower }
    if case .number(let number) = claims["iat"] { issuedAt = number.rounded?.upper }
  }
}

/// Times as they are written on the internet (RFC 3339).
enum InternetTime {
  /// Seconds since 1970 of `2026-11-25T20:13:23.5Z` or with an offset such as `+01:00`; fractions are dropped.
  static func seconds(_ text: String) -> Int64? {
    let form = /(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))/
    guard let parts = text.wholeMatch(of: form.asciiOnlyDigits())?.output else { return nil }
    func number(_ digits: Substring?) -> Int32 { digits.flatMap { Int32($0) } ?? 0 }
    var time = tm()
    (time.tm_year, time.tm_mon, time.tm_mday) = (number(parts.1) - 1_900, number(parts.2) - 1, number(parts.3))
    (time.tm_hour, time.tm_min, time.tm_sec) = (number(parts.4), number(parts.5), number(parts.6))
    let (hours, minutes) = (number(parts.8), number(parts.9))
    guard (0..<12).contains(time.tm_mon), (1...31).contains(time.tm_mday), time.tm_hour < 24, time.tm_min < 60,
      time.tm_sec <= 60, hours < 24, minutes < 60
    else { return nil }
    return Int64(timegm(&time)) - Int64(hours * 60 + minutes) * (parts.7 == "-" ? -60 : 60)
  }
}
