/// An answer that ends its connection.
struct HTTPResponse: Sendable, Equatable {
  var status: Int
  var contentType: String
  var body: [UInt8]
  var fields: [(String, String)] = []

  static func == (a: Self, b: Self) -> Bool {
    a.status == b.status && a.contentType == b.contentType && a.body == b.body
      && a.fields.elementsEqual(b.fields, by: ==)
  }

  static func text(_ status: Int, _ text: String) -> HTTPResponse {
    HTTPResponse(status: status, contentType: "text/plain; charset=utf-8", body: Array((text + "\n").utf8))
  }

  private static let reasons = [
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    408: "Request Timeout", 431: "Request Header Fields Too Large", 500: "Internal Server Error",
    503: "Service Unavailable", 505: "HTTP Version Not Supported",
  ]

  /// The bytes on the wire; without the body for `HEAD`.
  func bytes(isHead: Bool = false) -> [UInt8] {
    var head = "HTTP/1.1 \(status) \(Self.reasons[status] ?? "")\r\n"
    head += "Content-Type: \(contentType)\r\nContent-Length: \(body.count)\r\nConnection: close\r\n"
    head += "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
    for (name, value) in fields { head += "\(name): \(value)\r\n" }
    return Array((head + "\r\n").utf8) + (isHead ? [] : body)
  }
}
