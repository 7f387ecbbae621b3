import Basics
public import Certificates

/// What is looked at of a request.
public struct ServerRequest: Sendable {
  /// The method, as it was sent.
  public var method: String
  /// Decoded, without the query.
  public var path: String
  /// What follows the first `?` of the target, as it was sent.
  public var query: String?
  /// All header fields, as they were sent.
  public var fields: [(name: String, value: String)]
  /// The client's IP address.
  public var peer: String?
  /// Whether it came over TLS that ends here.
  public var isSecure = false
  /// The client's certificate, which was verified; `nil` where none was asked for.
  public var certificate: ClientCertificate?
  /// Whether a body is announced.
  public var hasBody: Bool
  /// The body, where the server reads any (``HTTPLimits/body``).
  public var body: [UInt8]

  /// A request.
  public init(
    method: String = "GET", path: String, query: String? = nil, host: String? = nil, authorization: String? = nil,
    fields: [(name: String, value: String)] = [], peer: String? = nil, hasBody: Bool = false, body: [UInt8] = []
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.fields =
      (host.map { [("Host", $0)] } ?? []) + (authorization.map { [("Authorization", $0)] } ?? []) + fields
    self.peer = peer
    self.hasBody = hasBody || !body.isEmpty
    self.body = body
  }

  /// The value of the field with this name, in any case; `nil` where there is none, or more than one.
  public func field(_ name: String) -> String? {
    let name = name.lowercased()
    let values = fields.filter { $0.name.lowercased() == name }
    return values.count == 1 ? values.first?.value : nil
  }

  /// The `Host` field.
  public var host: String? { field("Host") }

  /// The `Authorization` field.
  public var authorization: String? { field("Authorization") }
}

/// An answer.
public struct ServerResponse: Sendable {
  /// The status code.
  public var status: Int
  /// The `Content-Type` field.
  public var contentType: String
  /// The body.
  public var body: [UInt8]
  /// Further fields.
  public var fields: [(String, String)]
  /// How long the client waits for it.
  public var delay: Duration
  /// Whether the connection is closed instead of answered.
  public var isDropped: Bool
  /// Makes the answer that is sent instead of this one; `nil` where this is it.
  var later: Maker?

  /// Hands an answer over, once, on any thread.
  public typealias Maker = @Sendable (_ deliver: @escaping @Sendable (ServerResponse) -> Void) -> Void

  /// An answer.
  public init(
    status: Int, contentType: String, body: [UInt8], fields: [(String, String)] = [], delay: Duration = .zero,
    isDropped: Bool = false
  ) {
    self.status = status
    self.contentType = contentType
    self.body = body
    self.fields = fields
    self.delay = delay
    self.isDropped = isDropped
  }

  /// An answer that takes a while, as one from a disk does. `make` is called at once, on the server's thread, and must not
  /// wait there. After ``HTTPLimits/decision`` the client was answered 503, and nothing comes of what is handed over.
  public static func later(_ make: @escaping Maker) -> ServerResponse {
    var response = ServerResponse.text(503, "this took too long")
    response.later = make
    return response
  }

  /// A line of JSON.
  public static func json(_ status: Int, _ value: some Encodable) -> ServerResponse {
    guard let line = try? value.jsonLine() else { return .text(500, "this cannot be written as JSON") }
    return ServerResponse(status: status, contentType: "application/json", body: line + [0x0A])
  }

  /// A line of text.
  public static func text(_ status: Int, _ text: String, fields: [(String, String)] = []) -> ServerResponse {
    ServerResponse(
      status: status, contentType: "text/plain; charset=utf-8", body: Array((text + "\n").utf8), fields: fields)
  }
}
