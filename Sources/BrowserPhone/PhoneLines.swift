public import Basics
public import GRPCTransport
public import ReplayKit

/// What the phones need of the server that they call.
public struct PhoneLines: Sendable {
  /// Whom a phone can call, and as whom.
  public struct Directory: Sendable, Encodable {
    /// A customer's organization.
    public struct Tenant: Sendable, Encodable {
      /// Its id.
      public var organization: String
      /// Its name.
      public var name: String
      /// The wires that it has a data source for.
      public var wires: [PhoneWire]

      /// A tenant.
      public init(organization: String, name: String, wires: [PhoneWire]) {
        self.organization = organization
        self.name = name
        self.wires = wires
      }
    }

    /// A port of the server's.
    public struct Line: Sendable, Encodable {
      /// What it speaks.
      public var wire: PhoneWire
      /// Why no phone can call there, where that is so.
      public var obstacle: String?

      /// A port.
      public init(wire: PhoneWire, obstacle: String?) {
        self.wire = wire
        self.obstacle = obstacle
      }
    }

    /// An agent.
    public struct Agent: Sendable, Encodable {
      /// Its id.
      public var id: String
      /// Its name.
      public var name: String
      /// Whether it is the default.
      public var isDefault: Bool
      /// The organizations that may call it; `nil` is all.
      public var organizations: [String]?

      /// An agent.
      public init(id: String, name: String, isDefault: Bool, organizations: [String]?) {
        self.id = id
        self.name = name
        self.isDefault = isDefault
        self.organizations = organizations
      }
    }

    /// A sentence that is there to be said.
    public struct Recording: Sendable, Encodable {
      /// Its id.
      public var id: String
      /// Its words.
      public var words: String
    }

    /// Tenants and agents that are listed at most, of each.
    public static let maximum = 500

    /// The tenants.
    public var tenants: [Tenant]
    /// The agents.
    public var agents: [Agent]
    /// Whether a token has to be given, because others than this server issue them.
    public var needsToken: Bool
    /// The ports that there are; gRPC is always one.
    public var lines: [Line]
    /// The local voice that speaks texts; `nil` where there is none.
    var voice: String?
    /// What can be said without a microphone.
    var recordings: [Recording] = []
    /// Seconds that a call may last.
    var longest = 0
    /// Calls of phones at once.
    var calls = 0

    /// Whom a phone can call.
    public init(tenants: [Tenant], agents: [Agent], needsToken: Bool, lines: [Line]) {
      self.tenants = Array(tenants.prefix(Self.maximum))
      self.agents = Array(agents.prefix(Self.maximum))
      self.needsToken = needsToken
      self.lines = lines
    }
  }

  /// Why a call cannot be placed, in a sentence.
  public typealias PlacingError = TextError<PhoneLines>

  /// Whom a phone can call, now.
  public var directory: @Sendable () -> Directory
  /// The token and organization that a call has, for the organization that was chosen and the token that was given.
  public var credentials: Credentials
  /// The way to the server over a wire, with a token.
  public var route: @Sendable (_ wire: PhoneWire, _ token: String) throws(PlacingError) -> CallRoute
  /// A loop for a call.
  public var loop: @Sendable () -> EventLoop
  /// Speaks texts, at 8,000 Hz, and its name; `nil` where there is none.
  public var voice: (name: String, speak: @Sendable (String) async -> [Int16]?)?
  /// Sentences that are there to be said: id, words, and mu-law at 8,000 Hz.
  public var recordings: [(id: String, words: String, audio: [UInt8])]

  /// Gives what ``credentials`` are.
  public typealias Credentials =
    @Sendable (
      _ wire: PhoneWire, _ organization: String, _ token: String?
    ) throws(PlacingError) -> (token: String, organization: String)

  /// The lines of a server.
  public init(
    directory: @escaping @Sendable () -> Directory, credentials: @escaping Credentials,
    route: @escaping @Sendable (PhoneWire, String) throws(PlacingError) -> CallRoute,
    loop: @escaping @Sendable () -> EventLoop,
    voice: (name: String, speak: @Sendable (String) async -> [Int16]?)?,
    recordings: [(id: String, words: String, audio: [UInt8])]
  ) {
    self.directory = directory
    self.credentials = credentials
    self.route = route
    self.loop = loop
    self.voice = voice
    self.recordings = recordings
  }
}
