public import Secrets

/// How a server is reached, and the bounds of a connection.
public struct RedisSettings: Sendable, Hashable {
  /// The server.
  public var address: RedisAddress
  /// Where the password is kept; it is read at each attempt to connect.
  public var password: Secret?
  /// The roots to trust, as PEM text, and no others; `nil` is the system's.
  public var rootsPEM: String?
  /// Our certificate and the chain above it, as PEM text, for a server that asks for one.
  public var certificatePEM: String?
  /// Its private key.
  public var keyPEM: String?
  /// The name that the server's certificate has to hold; `nil` is the address's host.
  public var serverName: String?
  /// Time for resolution, TCP, TLS and what is said first, together.
  public var connectTimeout = Duration.seconds(2)
  /// A connection that leaves a command unanswered for so long is given up.
  public var stall = Duration.seconds(2)
  /// Commands that may be unanswered, with those whose time is over.
  public var maximumCommands = 4_096
  /// Bytes of them.
  public var maximumBytes = 16 << 20
  /// Bounds on each answer.
  public var answers = RESPParser.Limits()

  /// The defaults.
  public init(_ address: RedisAddress) { self.address = address }
}
