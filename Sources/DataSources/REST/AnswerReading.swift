import HTTPFetching
import TokenVerification

/// What an answer's body says. Strict in what is needed, deaf to what is not: Webex may add fields at any time. Numbers may be
/// texts, fractions are dropped, and a byte order mark is passed over: documents and services differ in that.
struct AnswerReading {
  /// Where an answer is not what it has to be.
  struct FormatError: Error {
    let text: String
  }

  /// Bytes of an answer. A data source with its token has some 3 KB.
  static let maximumBytes = 4 << 20
  /// Values in an answer: some 4,000 data sources.
  static let maximumValues = 65_536
  private static let maximumTextBytes = 4_096

  let object: JSONObject

  init(_ value: JSONValue, _ place: String) throws(FormatError) {
    guard let object = value.object else { throw FormatError(text: "\(place) is not an object") }
    self.object = object
  }

  static func value(_ bytes: [UInt8]) throws(FormatError) -> JSONValue {
    do throws(StrictJSON.FormatError) {
      return try StrictJSON.parse(StrictJSON.withoutByteOrderMark(bytes), maximumValues: maximumValues)
    } catch { throw FormatError(text: error.description) }
  }

  /// The elements of `{"items": […]}`.
  static func items(_ bytes: [UInt8]) throws(FormatError) -> [JSONValue] {
    let whole = try AnswerReading(value(bytes), "the answer")
    guard let items = whole.object["items"]?.array else { throw FormatError(text: "`items` is not a list") }
    return items
  }

  func requiredText(_ name: String) throws(FormatError) -> String {
    guard let text = try text(name), !text.isEmpty else { throw FormatError(text: "`\(name)` is missing") }
    return text
  }

  /// Text of bounded length without control characters; nil where it is missing or null.
  func text(_ name: String, maximum: Int = Self.maximumTextBytes) throws(FormatError) -> String? {
    switch object[name] {
    case nil, .null: return nil
    case .string(let text):
      guard text.utf8.count <= maximum else { throw FormatError(text: "`\(name)` is over \(maximum) bytes") }
      guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
        throw FormatError(text: "`\(name)` has control characters")
      }
      return text
    default: throw FormatError(text: "`\(name)` is not a text")
    }
  }

  func whole(_ name: String) throws(FormatError) -> Int64? {
    switch object[name] {
    case nil, .null: return nil
    case .number(let number):
      guard let value = number.rounded?.lower else {
        throw FormatError(text: "`\(name)` is not a number that it can be")
      }
      return value
    case .string(let text):
      guard text.utf8.count <= 32, case .number(let number)? = try? StrictJSON.parse(Array(text.utf8)),
        let value = number.rounded?.lower
      else { throw FormatError(text: "`\(name)` is not a number") }
      return value
    default: throw FormatError(text: "`\(name)` is not a number")
    }
  }

  /// A text, or the one text of a list.
  func requiredTextOrList(_ name: String) throws(FormatError) -> String {
    guard let list = object[name]?.array else { return try requiredText(name) }
    guard list.count == 1, let only = list.first else {
      throw FormatError(text: "`\(name)` is a list of \(list.count)")
    }
    return try AnswerReading(.object(JSONObject([name: only])), name).requiredText(name)
  }

  /// Seconds since 1970, from a text (RFC 3339).
  func time(_ name: String) throws(FormatError) -> Int64? {
    guard let text = try text(name, maximum: 64), !text.isEmpty else { return nil }
    guard let seconds = InternetTime.seconds(text) else { throw FormatError(text: "`\(name)` is not a time") }
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
      let claims = try? StrictJSON.parse(bytes).object
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
    var bytes = Array(text.utf8)[...]
    func number(_ count: Int) -> Int64? {
      let digits = bytes.prefix(count)
      guard digits.count == count, digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
      bytes = bytes.dropFirst(count)
      return digits.reduce(0) { $0 * 10 + Int64($1 - 48) }
    }
    func skip(_ allowed: String) -> Bool {
      guard let byte = bytes.first, allowed.utf8.contains(byte) else { return false }
      bytes = bytes.dropFirst()
      return true
    }
    guard let year = number(4), skip("-"), let month = number(2), skip("-"), let day = number(2), skip("Tt "),
      let hour = number(2), skip(":"), let minute = number(2), skip(":"), let second = number(2),
      (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
    else { return nil }
    if skip(".") {
      guard number(1) != nil else { return nil }
      while number(1) != nil {}
    }
    var offset: Int64 = 0
    if !skip("Zz") {
      guard let sign = bytes.first, skip("+-"), let hours = number(2), skip(":"), let minutes = number(2), hours < 24,
        minutes < 60
      else { return nil }
      offset = (hours * 60 + minutes) * (sign == UInt8(ascii: "-") ? -60 : 60)
    }
    guard bytes.isEmpty else { return nil }
    return days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset
  }

  /// Days since 1970-01-01 of a date of the proleptic Gregorian calendar, by 400-year eras that begin on a first of March.
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let monthFromMarch = month > 2 ? month - 3 : month + 9
    let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}
