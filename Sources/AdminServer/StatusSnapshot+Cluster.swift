extension StatusSnapshot {
  /// The servers of the cluster, as Redis has them.
  public struct Cluster: Sendable, Codable, Equatable {
    /// A server as it told of itself last.
    public struct Server: Sendable, Codable, Equatable {
      /// What it is called when it tells nothing for too long.
      public static let silent = "silent"

      /// Where the others reach it.
      public var address: String
      /// What tells this run of it from others.
      public var id: String
      /// The program's version.
      public var version: String
      /// `ready`, `draining`, `unready`, or `silent` for one that tells nothing any more.
      public var state: String
      /// Its live calls.
      public var liveCalls: Int
      /// Of them, those that it has claimed.
      public var ownedCalls: Int
      /// Seconds since its start, when it told.
      public var uptime: Int
      /// How long ago it told.
      public var secondsAgo: Double
      /// Whether it is the one that was asked.
      public var isThis = false

      /// A server.
      public init(
        address: String, id: String, version: String, state: String, liveCalls: Int, ownedCalls: Int, uptime: Int,
        secondsAgo: Double
      ) {
        self.address = address
        self.id = id
        self.version = version
        self.state = state
        self.liveCalls = liveCalls
        self.ownedCalls = ownedCalls
        self.uptime = uptime
        self.secondsAgo = secondsAgo
      }
    }

    /// The servers, by their addresses.
    public var servers: [Server] = []
    /// How old the list is; `nil` where there is none yet.
    public var secondsAgo: Double?
    /// Why it is not current; `nil` while it is.
    public var trouble: String?

    /// No server is known.
    public init() {}

    /// Live calls of all servers that are not silent.
    public var liveCalls: Int { servers.filter { $0.state != Server.silent }.reduce(0) { $0 + $1.liveCalls } }
  }
}
