public import Basics
public import Secrets

/// Where a bot is and how it is reached, as configured. Secrets and certificates are read when its engine is made.
public struct BotEndpoint: Sendable, Equatable {
  /// The URL as configured: https or http for gRPC, wss or ws for WebSockets.
  public var url: String
  /// The URL's host, without brackets.
  public var host: String
  /// The URL's port, or the scheme's own.
  public var port: Int
  /// Whether TLS protects the connection. Certificates are then always verified.
  public var isSecure: Bool
  /// Whether plaintext was allowed to a host that is not this machine; `nil` where it is not used.
  public var isPlaintext: Bool?
  /// Whom to trust, and who we are.
  public var tls = BotTLS()
  /// Headers of every request, in order.
  public var headers: [BotHeader] = []
  /// The bearer token.
  public var authorization: Secret?
  /// Time until the connection stands, TLS included.
  public var connectTimeout: Duration = .seconds(3)
  /// Time until the bot says something after the caller's turn, and its longest pause within an answer.
  public var answerTimeout: Duration = .seconds(5)
  /// When a bot that fails is no longer asked.
  public var breaker = Breaker()

  /// When a bot that fails is no longer asked.
  public struct Breaker: Sendable, Equatable {
    /// Failures in a row, or within the window, that open it.
    public var failures = 5
    /// The window within which failures count whatever succeeds between them.
    public var window: Duration = .seconds(10)
    /// Time between calls that try again while it is open.
    public var probe: Duration = .seconds(5)

    /// The product's.
    public init() {}
  }

  /// An endpoint of its parts.
  public init(url: String = "", host: String = "", port: Int = 443, isSecure: Bool = false) {
    self.url = url
    self.host = host
    self.port = port
    self.isSecure = isSecure
  }

  /// Whether the URL's host is this machine by its name or address.
  var isLoopback: Bool { NetworkAddress.isLoopback(host) }

  /// `host:port`, with brackets around an IPv6 address.
  public var authority: String { "\(NetworkAddress.written(host)):\(port)" }

  /// The headers with their values, `authorization` included, names in lower case. Never log the values.
  func readHeaders() throws(EngineError) -> [(name: String, value: String)] {
    var read: [(name: String, value: String)] = []
    for header in headers { read.append((header.name, try header.read())) }
    if let authorization { read.append(("authorization", "Bearer " + (try authorization.readForHeader()))) }
    return read
  }
}

/// A header of every request to a bot, or to a receiver of traces.
public struct BotHeader: Sendable, Equatable {
  /// The name, in lower case.
  public var name = ""
  /// The value, where it is configured itself.
  public var value: String?
  /// The place of the value, where it is a secret.
  public var secret: Secret?

  /// A header, to be filled in.
  public init() {}

  /// The value, read now. Never log it.
  public func read() throws(EngineError) -> String { try secret?.readForHeader() ?? value ?? "" }
}

/// What TLS to a bot needs beyond the system's trust: paths of PEM files.
public struct BotTLS: Sendable, Equatable {
  /// The roots to trust; `nil` is the system's.
  public var ca: String?
  /// Our certificate and the chain above it.
  public var certificate: String?
  /// Its private key.
  public var key: String?
  /// The name that the bot's certificate has to hold; `nil` is the URL's host.
  public var serverName: String?

  /// The system's trust, and no certificate of ours.
  public init() {}
}

extension Secret {
  /// The secret, which goes into a header and so has to be printable ASCII.
  func readForHeader() throws(EngineError) -> String {
    let text: String
    do { text = try read() } catch { throw EngineError(.unusable, error.description, cause: error) }
    guard text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
      throw EngineError(.unusable, "A secret for a header has line breaks or characters that no header can carry.")
    }
    return text
  }
}

/// Files that engines read: certificates, session options.
enum EngineFile {
  /// Bytes that one may have.
  private static let limit = 1 << 20

  /// The text of a file; `nil` where none is named.
  static func text(_ path: String?) throws(EngineError) -> String? {
    guard let path else { return nil }
    do throws(FileError) { return try BoundedFile.text(path, maximum: limit) } catch {
      throw EngineError(.unusable, "\(error).", cause: error)
    }
  }
}
