/// All that a gateway is told before it starts. Every key can be written in a YAML file and as an environment variable
/// (`listen.tls.client_ca` is `PATCHBAY_LISTEN_TLS_CLIENT_CA`), which wins over the file.
///
/// Paths in it are absolute or relative to the working directory; in the file they are relative to the file's folder.
public struct Configuration: Sendable, Equatable {
  /// Where Webex calls.
  public var listen: Listen
  /// Where health, metrics and the dashboard are served.
  public var admin: Admin
  /// Whose tokens are accepted, and for whom.
  public var identity: Identity
  /// How data sources are registered with Webex; without it none are.
  public var dataSources: DataSources?
  /// Where bots may be.
  public var egress: Egress
  /// The agents, in the order in which they are listed to Webex; at least one, ids unique.
  public var agents: [Agent]
  /// Who is given the media of forked conversations and meetings.
  public var media: Media
  /// How much is taken on.
  public var limits: Limits
  /// Recording of calls.
  public var recording: Recording
  /// The log.
  public var logging: Logging
  /// How the gateway ends.
  public var shutdown: Shutdown
  /// Whether this is the embedded demo: loopback only, and without a file.
  public var isDemo: Bool

  /// `listen`.
  public struct Listen: Sendable, Equatable {
    /// `address`; default 127.0.0.1:50051.
    public var address: NetworkAddress
    /// `tls`; without it the port speaks plaintext.
    public var tls: TLS?
    /// `reflection`: whether those with a good token may ask for the schemas; default true on loopback, else false.
    public var reflects: Bool
    /// `queues`: completion queues, each with a thread of its own; 1 to 64, default 1.
    public var queues: Int
  }

  /// `listen.tls`.
  public struct TLS: Sendable, Equatable {
    /// `certificate`: a PEM file with the server's certificate and the chain above it.
    public var certificate: String
    /// `key`: a PEM file with the private key.
    public var key: String
    /// `client_ca`: a PEM file with the roots that client certificates must lead to; then they are required.
    public var clientCA: String?
    /// `client_names`: names of which a client certificate must carry one, `*.` standing for one label; empty takes
    /// any name.
    public var clientNames: [String]
  }

  /// `admin`.
  public struct Admin: Sendable, Equatable {
    /// `address`; default 127.0.0.1:8080.
    public var address: NetworkAddress
    /// `token_file` or `token_variable`: the bearer token for all but health and ping; needed beyond loopback.
    public var token: Secret?
  }

  /// `identity`.
  public struct Identity: Sendable, Equatable {
    /// `development`: whether tokens come from an issuer of the server's own, made on the spot, instead of from
    /// `issuers`, which are empty then. Loopback only.
    public var isDevelopment: Bool
    /// `issuers`; default the Webex ones.
    public var issuers: [Issuer]
    /// `clock_skew`: what clocks may differ; 0 to 60 s, default 30 s.
    public var clockSkew: Duration
    /// `tenants`: the organizations that may call. An organization may have several entries, each with a URL of its
    /// own: one for each of its data sources.
    public var tenants: [Tenant]
    /// `revoked`: registrations whose tokens are not taken any more.
    public var revoked: [Revocation]
    /// `revocations_file`: a file with more of them, which is read again whenever it changes.
    public var revocationsFile: String?
  }

  /// An entry of `identity.issuers`.
  public struct Issuer: Sendable, Equatable {
    /// `issuer`: what the claim `iss` says, byte for byte.
    public var issuer: String
    /// `keys_url`: its JSON Web Key Set; https, or http on loopback. Default: the issuer's
    /// `/oauth2/v2/keys/verificationjwk`.
    public var keysURL: String

    /// An issuer with the location of its keys.
    public init(issuer: String, keysURL: String) {
      self.issuer = issuer
      self.keysURL = keysURL
    }
  }

  /// An entry of `identity.tenants`.
  public struct Tenant: Sendable, Equatable {
    /// `org`: the organization's UUID, in lower case.
    public var organization: String
    /// `name` for people; default the organization.
    public var name: String
    /// `url`: the registered data source URL, byte for byte.
    public var url: String
    /// `audience`: what `aud` must hold; default anything.
    public var audience: String?
    /// `subject`: what `sub` must be; default anything.
    public var subject: String?
    /// `nonces`: what `jti` may be; empty takes any.
    public var nonces: [String]
    /// `schemas`: the schema UUIDs a token may be for, in lower case; default the voice virtual agent's.
    public var schemas: [String]
    /// `recording`: what is kept of this tenant's calls.
    public var recording = Recording()
    /// `limits.conversations`: how many the organization may have at once; `nil` is `limits.conversations_per_tenant`.
    public var conversations: Int?
    /// `data_source`: what is registered with Webex for this tenant; without it nothing is.
    public var dataSource: TenantDataSource?

    /// A tenant of whom nothing but the data source's URL is asked.
    public init(organization: String, name: String, url: String) {
      (self.organization, self.name, self.url) = (organization, name, url)
      nonces = []
      schemas = [Self.voiceVirtualAgentSchema]
    }
  }

  /// `limits`.
  public struct Limits: Sendable, Equatable {
    /// `conversations` at once; default 2,000.
    public var conversations: Int
    /// `conversations_per_tenant` at once; default 1,000.
    public var conversationsPerTenant: Int
    /// `idle`: after this long without an RPC a conversation is over; 1 s to 24 h, default 10 min.
    public var idle: Duration
    /// `status_hold`: how long an RPC's status waits for the client to half-close, after its last message has left; 0
    /// (at once) to 5 s, default 1 s.
    public var statusHold: Duration = .seconds(1)
    /// `lost_after`: the same where the last RPC was not completed but lost; 1 s to 24 h, default 60 s.
    public var lostAfter: Duration = .seconds(60)
    /// `lag`: how far 95 of 100 callers may be heard behind real time before new calls are refused; 20 ms to 10 s,
    /// default 100 ms.
    public var lag: Duration = .milliseconds(100)
    /// `memory`: bytes that the process may have, of which new calls are refused at 90 %; default what its control group
    /// may have.
    public var memory: Int?
    /// `connections` of the gRPC port.
    public var connections = Connections()
  }

  /// `logging`.
  public struct Logging: Sendable, Equatable {
    /// `level`: the least severe level that is logged.
    public enum Level: String, Sendable, CaseIterable {
      /// Every step.
      case trace
      /// What a developer wants to know.
      case debug
      /// What an operator wants to know.
      case info
      /// Normal, but worth a look.
      case notice
      /// Not an error yet.
      case warning
      /// A failed operation.
      case error
      /// The gateway cannot go on as it should.
      case critical
    }

    /// `format` of a line.
    public enum Format: String, Sendable, CaseIterable {
      /// One JSON object.
      case json
      /// One line for people.
      case text
    }

    /// `level`; default info.
    public var level: Level
    /// `format`; default json.
    public var format: Format
  }

  /// `shutdown`.
  public struct Shutdown: Sendable, Equatable {
    /// `notice`: for so long the server says that it is not ready, but takes new calls on, so that a balancer that asks
    /// every now and then sends nobody in vain; 0 to 5 min, default 0 s. The rest follows.
    public var notice: Duration = .zero
    /// `drain`: what live calls are given to end by themselves; 0 to 1 h, default 120 s.
    public var drain: Duration
    /// `grace`: what callers without an open RPC are given after that, and after the prompt that they hear, to come for
    /// the transfer with their next one; 0 to 10 min, default 10 s.
    public var grace: Duration = .seconds(10)
  }
}

extension Configuration.Issuer {
  /// The issuers of Webex: production (Cisco, BYoDS token validation; the clusters of Cisco's BroadWorks guide), then test
  /// environments.
  public static let webex: [Self] = [
    "https://idbroker.webex.com/idb", "https://idbroker-eu.webex.com/idb", "https://idbroker-b-us.webex.com/idb",
    "https://idbroker-ca.webex.com/idb", "https://idbroker-sg.webex.com/idb", "https://idbroker-in.webex.com/idb",
    "https://idbroker-ae.webex.com/idb", "https://idbroker-au.webex.com/idb", "https://idbrokerbts.webex.com/idb",
    "https://idbrokerbts-eu.webex.com/idb",
  ].map { Self(issuer: $0, keysURL: defaultKeysURL(of: $0)) }

  /// Where an issuer keeps its keys unless told otherwise.
  static func defaultKeysURL(of issuer: String) -> String {
    (issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer) + "/oauth2/v2/keys/verificationjwk"
  }
}

extension Configuration.Tenant {
  /// The schema of the voice virtual agent (Cisco, BYOVA).
  public static let voiceVirtualAgentSchema = "5397013b-7920-4ffc-807c-e8a3e0a18f43"
}
