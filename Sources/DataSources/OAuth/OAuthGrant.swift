import Basics
import HTTPFetching
import TokenVerification

/// Tokens that Webex's authorization service gave out.
struct OAuthGrant: Sendable, Hashable {
  var accessToken: String
  /// Seconds that the access token lives.
  var lifetime: Int64
  /// A new refresh token, where there is one: the old one may be void from now on.
  var refreshToken: String?

  /// Webex's access tokens live for 14 days.
  static let usualLifetime: Int64 = 14 * 86_400

  /// Reads an answer of `POST /access_token` or `POST /applications/{id}/token`.
  init(_ bytes: [UInt8]) throws(AnswerReading.FormatError) {
    let reading = try AnswerReading(try AnswerReading.value(bytes), "the answer")
    let token = try reading.requiredText("access_token")
    guard Self.isToken(token) else { throw AnswerReading.FormatError("`access_token` is not a token") }
    accessToken = token
    lifetime = min(max(try reading.whole("expires_in") ?? Self.usualLifetime, 1), 400 * 86_400)
    let refresh = try reading.text("refresh_token")
    if let refresh, !Self.isToken(refresh) { throw AnswerReading.FormatError("`refresh_token` is not a token") }
    refreshToken = refresh
  }

  /// Printable ASCII without spaces (RFC 6750, RFC 6749): what can stand in a header field and alone in a file.
  static func isToken(_ text: String) -> Bool {
    (1...4_096).contains(text.utf8.count) && text.isVisibleASCII
  }
}
