/// What the site looks at of a request.
struct HTTPRequest: Sendable {
  var method = "GET"
  /// Decoded, without the query.
  var path: String
  /// The `Host` field.
  var host: String?
  /// The `Authorization` field.
  var authorization: String?
  /// Whether a body is announced.
  var hasBody = false
}

/// An answer.
struct HTTPResponse: Sendable {
  var status: Int
  var contentType: String
  var body: [UInt8]
  var fields: [(String, String)] = []

  static func text(_ status: Int, _ text: String) -> HTTPResponse {
    HTTPResponse(status: status, contentType: "text/plain; charset=utf-8", body: Array((text + "\n").utf8))
  }
}
