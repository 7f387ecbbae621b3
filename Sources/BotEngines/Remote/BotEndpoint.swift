/// Where a bot is and how it is reached. Every secret in it was read when it was made.
public struct BotEndpoint: Sendable {
  /// The URL as configured: https or http for gRPC, wss or ws for WebSockets.
  public var url: String
  /// The URL's host, without brackets.
  public var host: String
  /// The URL's port, or the scheme's own.
  public var port: Int
  /// Whether TLS protects the connection. Certificates are then always verified.
  public var isSecure: Bool
  /// Whom to trust, and who we are.
  public var tls: BotTLS
  /// Headers of every request, `authorization` included, names in lower case. Never log the values.
  public var headers: [(name: String, value: String)]
  /// Time until the connection stands, TLS included.
  public var connectTimeout: Duration

  /// An endpoint of its parts.
  public init(
    url: String, host: String, port: Int, isSecure: Bool, tls: BotTLS = BotTLS(),
    headers: [(name: String, value: String)] = [], connectTimeout: Duration = .seconds(3)
  ) {
    self.url = url
    self.host = host
    self.port = port
    self.isSecure = isSecure
    self.tls = tls
    self.headers = headers
    self.connectTimeout = connectTimeout
  }

  /// Whether the URL's host is this machine by its name or address.
  var isLoopback: Bool {
    host == "localhost" || host == "::1" || host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." }
  }

  /// `host:port`, with brackets around an IPv6 address.
  public var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// What TLS to a bot needs beyond the system's trust, as PEM text.
public struct BotTLS: Sendable {
  /// The roots to trust; `nil` is the system's.
  public var rootsPEM: String?
  /// Our certificate and the chain above it.
  public var certificatePEM: String?
  /// Its private key.
  public var keyPEM: String?
  /// The name that the bot's certificate has to hold; `nil` is the URL's host.
  public var serverName: String?

  /// Trust, and an identity where the bot asks for one.
  public init(
    rootsPEM: String? = nil, certificatePEM: String? = nil, keyPEM: String? = nil, serverName: String? = nil
  ) {
    self.rootsPEM = rootsPEM
    self.certificatePEM = certificatePEM
    self.keyPEM = keyPEM
    self.serverName = serverName
  }
}
