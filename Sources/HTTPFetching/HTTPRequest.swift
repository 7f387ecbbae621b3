/// A request to a server on the network.
public struct HTTPRequest: Sendable, Hashable {
  /// What is to be done with the resource.
  public enum Method: String, Sendable, Hashable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
  }

  /// A header field. Its value is a secret for some names: never logged.
  public struct Field: Sendable, Hashable {
    /// The name, as in `Content-Type`.
    public let name: String
    /// The value, without line breaks.
    public let value: String

    /// A field.
    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// The method.
  public var method: Method
  /// Where to: a URL that ``FetchURL`` has checked.
  public var url: String
  /// The header fields besides those that HTTP needs.
  public var fields: [Field]
  /// The body, if there is one.
  public var body: [UInt8]?

  /// A request.
  public init(_ method: Method = .get, _ url: String, fields: [Field] = [], body: [UInt8]? = nil) {
    self.method = method
    self.url = url
    self.fields = fields
    self.body = body
  }
}

/// What a server answered, whatever its status.
public struct HTTPAnswer: Sendable, Hashable {
  /// The status, 100 to 599. Redirects are not followed.
  public var status: Int
  /// The seconds that `Retry-After` asks to wait, from a number or a date; nil if it does not.
  public var retryAfter: Int?
  /// The seconds for which `Cache-Control` allows the answer to be kept, 0 if not at all; nil if it does not say.
  public var maximumAge: Int?
  /// The body, as long as the request's limits allow.
  public var body: [UInt8]

  /// An answer.
  public init(status: Int, retryAfter: Int? = nil, maximumAge: Int? = nil, body: [UInt8] = []) {
    self.status = status
    self.retryAfter = retryAfter
    self.maximumAge = maximumAge
    self.body = body
  }
}

/// Why there is no answer.
public enum HTTPError: Error, Sendable, Hashable {
  /// No connection, or not one that lasted. libcurl's code.
  case connection(code: Int32)
  /// The certificate does not prove the host, or TLS failed otherwise. libcurl's code.
  case tls(code: Int32)
  /// The host's address is not one that may be connected to.
  case refusedAddress
  /// It took longer than allowed.
  case timeout
  /// The body is longer than allowed.
  case tooLong
  /// This system could not even begin.
  case system
}

extension HTTPError: CustomStringConvertible {
  /// What failed.
  public var description: String {
    switch self {
    case .connection(let code): "no connection (\(CurlError.text(code)))"
    case .tls(let code): "TLS failed (\(CurlError.text(code)))"
    case .refusedAddress: "the host's address is not allowed"
    case .timeout: "it took too long"
    case .tooLong: "the answer is too long"
    case .system: "no thread or memory for it"
    }
  }
}
