public import Basics
public import GRPCTransport
public import Logging
public import Secrets
public import Telemetry

/// All that a gateway is told before it starts. Every key can be written in a YAML file and as an environment variable
/// (`listen.tls.client_ca` is `PATCHBAY_LISTEN_TLS_CLIENT_CA`), which wins over the file.
///
/// What a key means, its range and its default are in its description (`keys` of its group), from which
/// ``reference`` is made. Paths are absolute or relative to the working directory; in the file they are relative to the
/// file's folder.
public struct Configuration: Sendable, Equatable {
  /// Where Webex calls.
  public var listen = Listen()
  /// Where Webex calls over WebSocket; `nil` is nowhere.
  public var webSocket: WebSocketPort?
  /// Where health, metrics and the dashboard are served.
  public var admin = Admin()
  /// Whose tokens are accepted, and for whom.
  public var identity = Identity()
  /// How data sources are registered with Webex; without it none are.
  public var dataSources: DataSources?
  /// Where bots may be.
  public var egress = Egress()
  /// The agents, in the order in which they are listed to Webex; at least one, ids unique.
  public var agents: [Agent] = []
  /// Who is given the media of forked conversations and meetings.
  public var media = Media()
  /// How much is accepted.
  public var limits = Limits()
  /// The other servers that callers reach; `nil` is none, or none that is known.
  public var cluster: Cluster?
  /// Recording of calls.
  public var recording = Recording()
  /// The log.
  public var logging = Logging()
  /// What is told to other systems.
  public var telemetry = Telemetry()
  /// How the gateway ends.
  public var shutdown = Shutdown()
  /// Whether this is the embedded demo: loopback only, and without a file.
  public var isDemo = false

  /// `listen`.
  public struct Listen: Sendable, Equatable {
    /// `address`.
    public var address = Self.defaultAddress
    /// `tls`; without it the port speaks plaintext.
    public var tls: TLS?
    /// `plaintext`: true without `tls`, whether it was written or not.
    var isPlaintext: Bool?
    /// `queues`: completion queues, each with a thread of its own.
    public var queues = 1
    /// `processes`: how many of them share the port; 1 is this one alone.
    public var processes = 1
    /// `process_ports`: the first of the ports of which each process has one for itself; `nil` is none that others know.
    public var processPorts: Int?
    /// `reflection`: whether those with a good token may ask for the schemas.
    public var reflects = true

    static let defaultAddress = NetworkAddress(host: "127.0.0.1", port: 50051)
  }

  /// `websocket`.
  public struct WebSocketPort: Sendable, Equatable {
    /// `address`.
    public var address = Self.defaultAddress
    /// `tls`; without it the port speaks plaintext.
    public var tls: TLS?
    /// `plaintext`: true without `tls`, whether it was written or not.
    var isPlaintext: Bool?

    static let defaultAddress = NetworkAddress(host: "127.0.0.1", port: 8443)
  }

  /// `listen.tls` and `websocket.tls`: paths of PEM files.
  public struct TLS: Sendable, Equatable {
    /// `certificate`.
    public var certificate = ""
    /// `key`.
    public var key = ""
    /// `client_ca`; with it client certificates are required.
    public var clientCA: String?
    /// `client_names`, in lower case; empty accepts any name.
    public var clientNames: [String] = []
  }

  /// `admin`.
  public struct Admin: Sendable, Equatable {
    /// `address`.
    public var address = Self.defaultAddress
    /// `token_file` or `token_variable`: the bearer token for all but health and ping.
    public var token: Secret?
    /// `tls`; without it the port speaks plaintext.
    public var tls: AdminTLS?
    /// `plaintext`: no TLS beyond loopback, on purpose.
    var isPlaintext = false
    /// `phone`: whether the port has a telephone.
    public var phone = Phone.auto

    /// When the port has a telephone.
    public enum Phone: String, Sendable, CaseIterable {
      /// On a loopback address.
      case auto
      case on = "true"
      case off = "false"
    }

    /// Whether the port has a telephone.
    public var hasPhone: Bool {
      switch phone {
      case .auto: address.isLoopback
      case .on: true
      case .off: false
      }
    }

    static let defaultAddress = NetworkAddress(host: "127.0.0.1", port: 8080)
  }

  /// `admin.tls`: paths of PEM files.
  public struct AdminTLS: Sendable, Equatable {
    /// `certificate`.
    public var certificate = ""
    /// `key`.
    public var key = ""
  }

  /// `limits`.
  public struct Limits: Sendable, Equatable {
    /// `conversations` at once.
    public var conversations = 2_000
    /// `conversations_per_tenant` at once.
    public var conversationsPerTenant = 1_000
    /// `idle`: after this long without an RPC a conversation is over.
    public var idle: Duration = 10.min
    /// `status_hold`: how long an RPC's status waits for the client to half-close, after its last message has left; 0
    /// does not wait.
    public var statusHold: Duration = 1.s
    /// `lost_after`: the same as `idle` where the last RPC was not completed but lost.
    public var lostAfter: Duration = 1.min
    /// `lag`: how late callers may be heard before new calls are refused.
    public var lag: Duration = 100.ms
    /// `memory` in bytes; `nil` is what the process's control group may have.
    public var memory: Int?
    /// `connections` of the gRPC port.
    public var connections = CoreGuard.ConnectionLimits()
  }

  /// `logging`.
  public struct Logging: Sendable, Equatable {
    /// `level`: the least severe level that is logged.
    public var level = Logger.Level.info
    /// `format`.
    public var format = LogFormat.json
  }

  /// `shutdown`.
  public struct Shutdown: Sendable, Equatable {
    /// `notice`: for so long the server says that it is not ready, but accepts new calls, so that a balancer that asks
    /// every now and then sends nobody in vain. The rest follows.
    public var notice: Duration = 0.s
    /// `drain`: the time that live calls have to end by themselves.
    public var drain: Duration = 2.min
    /// `grace`: the time after that, and after the prompt that they hear, in which callers without an open RPC can come
    /// for the transfer with their next one.
    public var grace: Duration = 10.s
  }
}
