extension Configuration.Agent {
  /// Where a bot is, and how it is reached: the keys that all remote engines have.
  public struct Endpoint: Sendable, Equatable {
    /// `url`, as written: https or http for gRPC, wss or ws for WebSockets.
    public var url: String
    /// Its host, without brackets.
    public var host: String
    /// Its port, the scheme's own where the URL names none.
    public var port: Int
    /// Whether it is https or wss.
    public var isSecure: Bool
    /// `tls`.
    public var tls: TLS
    /// `headers`, in order.
    public var headers: [Header]
    /// `authorization_file` or `authorization_variable`: the bearer token.
    public var authorization: Secret?
    /// `timeouts`.
    public var timeouts: Timeouts
    /// `breaker`.
    public var breaker: Breaker

    /// `tls`: whom to trust, and who we are. Certificates are always verified.
    public struct TLS: Sendable, Equatable {
      /// `ca`: a PEM file with the roots to trust instead of the system's.
      public var ca: String?
      /// `certificate`: a PEM file with our own certificate and the chain above it.
      public var certificate: String?
      /// `key`: a PEM file with its key.
      public var key: String?
      /// `server_name`: the name that the bot's certificate has to hold; default the URL's host.
      public var serverName: String?
    }

    /// An entry of `headers`.
    public struct Header: Sendable, Equatable {
      /// `name`, in lower case.
      public var name: String
      /// `value`, or `value_file`, or `value_variable`.
      public var value: Value

      /// Where the value is.
      public enum Value: Sendable, Equatable {
        /// Written in the configuration.
        case text(String)
        /// Kept elsewhere.
        case secret(Secret)
      }
    }

    /// `timeouts`.
    public struct Timeouts: Sendable, Equatable {
      /// `connect`: until the connection stands, TLS included; 100 ms to 10 s, default 3 s.
      public var connect: Duration
      /// `first_answer`: until the bot says something after the caller's turn, and its longest pause within an answer;
      /// 500 ms to 30 s, default 5 s.
      public var firstAnswer: Duration
    }

    /// `breaker`: when a bot that fails is no longer asked.
    public struct Breaker: Sendable, Equatable {
      /// `failures` in a row, or within the window, that open it; 1 to 1,000, default 5.
      public var failures: Int
      /// `window` within which failures count whatever succeeds between them; 1 s to 10 min, default 10 s.
      public var window: Duration
      /// `probe`: time between calls that try again while it is open; 1 s to 10 min, default 5 s.
      public var probe: Duration
    }
  }
}

extension Configuration {
  /// `egress`: where bots may be.
  public struct Egress: Sendable, Equatable {
    /// `hosts`: names, `*.` standing for one label or more, or addresses; empty allows the hosts that the engines
    /// name. Loopback is always allowed.
    public var hosts: [String]

    /// Whether a connection to a host is allowed.
    public func allows(_ host: String) -> Bool {
      if hosts.isEmpty || NetworkAddress.isLoopback(host) { return true }
      let host = host.lowercased()
      return hosts.contains { $0.hasPrefix("*.") ? host.hasSuffix($0.dropFirst()) : $0 == host }
    }
  }
}
