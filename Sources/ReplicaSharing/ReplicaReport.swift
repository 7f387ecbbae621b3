import Foundation

/// What a server tells the others of itself.
public struct ReplicaReport: Sendable, Hashable, Codable {
  /// Whether it takes calls.
  public enum State: String, Sendable, Hashable, Codable {
    /// It does.
    case ready
    /// It takes no new ones, and ends.
    case draining
    /// It takes none, for a reason of its own.
    case unready
  }

  /// A live call, for whoever looks at the servers as one.
  public struct Call: Sendable, Hashable, Codable {
    /// Its number at its server.
    public var id: Int
    /// Its conversation's id.
    public var conversation: String
    /// The tenant's name.
    public var tenant: String
    /// The tenant's organization.
    public var organization: String
    /// The agent's id.
    public var agent: String
    /// The agent's name.
    public var agentName: String
    /// What it does.
    public var state: String
    /// Its length.
    public var seconds: Double
    /// Its turns.
    public var turns: Int

    /// A call.
    public init(
      id: Int, conversation: String, tenant: String, organization: String, agent: String, agentName: String,
      state: String, seconds: Double, turns: Int
    ) {
      self.id = id
      self.conversation = conversation
      self.tenant = tenant
      self.organization = organization
      self.agent = agent
      self.agentName = agentName
      self.state = state
      self.seconds = seconds
      self.turns = turns
    }
  }

  /// What tells this process from all others, before and after it.
  public var id: String
  /// Where other servers reach it.
  public var address: String
  /// The program's version.
  public var version: String
  /// Whether it takes calls.
  public var state: State
  /// Conversations that are live there.
  public var live: Int
  /// Of them, those that it has claimed for itself.
  public var owned: Int
  /// Seconds since its start.
  public var uptime: Int
  /// Live conversations of each organization.
  public var organizations: [String: Int]
  /// Some of the live calls, the longest first; ``live`` counts them all.
  public var calls: [Call]?

  /// A report.
  public init(
    id: String, address: String, version: String, state: State, live: Int, owned: Int, uptime: Int,
    organizations: [String: Int]
  ) {
    self.id = id
    self.address = address
    self.version = version
    self.state = state
    self.live = live
    self.owned = owned
    self.uptime = uptime
    self.organizations = organizations
  }

  /// Bytes of a report at most; with more organizations than fit, those with the fewest conversations are left out.
  static let maximumBytes = 262_144
  /// Organizations that fit for sure.
  static let maximumOrganizations = 4_000
  /// Calls that are told.
  public static let maximumCalls = 20

  /// As it is kept in Redis.
  var encoded: [UInt8] {
    var report = self
    if organizations.count > Self.maximumOrganizations {
      let largest = organizations.sorted { $0.value > $1.value }.prefix(Self.maximumOrganizations)
      report.organizations = Dictionary(largest.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    }
    return (try? JSONEncoder().encode(report)).map { Array($0) } ?? []
  }

  /// `nil` for what is no report. Fields are only added: one of a later version is read, too.
  init?(encoded bytes: ArraySlice<UInt8>) {
    guard bytes.count <= Self.maximumBytes, var report = try? JSONDecoder().decode(Self.self, from: Data(bytes)) else {
      return nil
    }
    // Sums of them have to fit, whoever has written into Redis.
    func bounded(_ number: Int) -> Int { min(max(0, number), 1_000_000_000) }
    (report.live, report.owned) = (bounded(report.live), bounded(report.owned))
    report.uptime = bounded(report.uptime)
    report.organizations = report.organizations.mapValues(bounded)
    report.calls = report.calls.map { Array($0.prefix(Self.maximumCalls)) }
    self = report
  }
}

/// A server as another one last heard of it.
public struct ListedReplica: Sendable, Hashable {
  /// What it told.
  public var report: ReplicaReport
  /// How long before the list was read, on Redis's clock.
  public var age: Duration

  /// A server of a list.
  public init(_ report: ReplicaReport, age: Duration) {
    self.report = report
    self.age = age
  }

  /// A server that has told nothing for longer than this is taken for dead.
  public static let silence = Duration.seconds(3)

  /// Whether it is taken to live.
  public var isAlive: Bool { age < Self.silence }
}
