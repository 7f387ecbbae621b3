/// Whether calls can be taken.
public struct Readiness: Sendable, Equatable {
  /// Why they cannot, for people; empty where they can.
  public var reasons: [String]
  /// What is missing although calls can be taken, for people.
  public var degradations: [String] = []

  /// Ready.
  public static let ready = Readiness(reasons: [])

  /// Not ready, for these reasons; ready where there are none.
  public init(reasons: [String]) { self.reasons = reasons }

  /// Whether calls can be taken.
  public var isReady: Bool { reasons.isEmpty }
}

/// What the dashboard shows, as JSON at `/status`. Nothing of what a caller said, keyed or is called belongs into it. Times
/// that are over are told in seconds before now, so that no two clocks have to agree.
public struct StatusSnapshot: Sendable, Codable {
  /// Calls that are listed at most; ``liveCalls`` counts them all.
  public static let maximumCalls = 200
  /// Entries of every other list.
  public static let maximumEntries = 100
  /// The time that is called lately, in seconds.
  public static let recentSeconds = 300

  /// What an operator is to know first; made of the rest when it is served.
  var verdict: Verdict?
  /// The gateway's version.
  public var version: String
  /// Why no calls are taken, if so.
  public var reasons: [String]
  /// No new calls are taken, and the process ends when the live ones are over.
  public var isDraining = false
  /// Seconds since the start.
  public var uptime: Double
  /// Calls that are live.
  public var liveCalls: Int
  /// Forked conversations and meetings that are live.
  public var liveMedia = 0
  /// Calls that may be live at once.
  public var callLimit: Int
  /// Since the start.
  public var totals = Totals()
  /// In the last ``recentSeconds``.
  public var recent = Totals()
  /// Why an RPC was refused last.
  public var lastRefusal: Past?
  /// Some of the live calls, forked conversations and meetings, the longest first.
  public var calls: [Call] = [] { didSet { calls = Array(calls.prefix(Self.maximumCalls)) } }
  /// Calls that ended lately, the latest first.
  public var endedCalls: [Call] = [] { didSet { endedCalls = Array(endedCalls.prefix(Self.maximumCalls)) } }
  /// The agents, in the order of the configuration.
  public var agents: [Agent] = [] { didSet { agents = Array(agents.prefix(Self.maximumEntries)) } }
  /// The tenants, those that are nearest to their limits first.
  public var tenants: [Tenant] = [] { didSet { tenants = Array(tenants.prefix(Self.maximumEntries)) } }
  /// Tenants of the configuration.
  public var tenantCount = 0
  /// The registrations with Webex, those that end first first.
  public var registrations: [Registration] = [] {
    didSet { registrations = Array(registrations.prefix(Self.maximumEntries)) }
  }
  /// The certificates of the listeners.
  public var certificates: [Certificate] = []
  /// The key sets of the issuers.
  public var keySets: [KeySet] = []
  /// The latest warnings and errors of the log, those of one kind together.
  public var problems: [Problem] = []
  /// The configuration's file.
  public var configuration = ConfigurationFile()
  /// The servers of the cluster; `nil` where the configuration has none.
  public var cluster: Cluster?
  /// Some live calls of the other servers.
  public var otherCalls: [Call] = [] { didSet { otherCalls = Array(otherCalls.prefix(Self.maximumCalls)) } }
  /// Whether the server has a token, which drain and reload need.
  public var canAct = false
  /// The paths of further pages, as `/phone`.
  var pages: [String] = []

  /// The state of a server with nothing in it.
  public init(version: String, reasons: [String], uptime: Double, liveCalls: Int, callLimit: Int) {
    self.version = version
    self.reasons = reasons
    self.uptime = uptime
    self.liveCalls = liveCalls
    self.callLimit = callLimit
  }
}
