/// Whether calls can be taken.
public struct Readiness: Sendable, Equatable {
  /// Why they cannot, for people; empty where they can.
  public var reasons: [String]

  /// Ready.
  public static let ready = Readiness(reasons: [])

  /// Not ready, for these reasons; ready where there are none.
  public init(reasons: [String]) { self.reasons = reasons }

  /// Whether calls can be taken.
  public var isReady: Bool { reasons.isEmpty }
}

/// What the dashboard shows, as JSON at `/status`. Nothing of what a caller said, keyed or is called belongs into it.
public struct StatusSnapshot: Sendable, Encodable {
  /// A live call.
  public struct Call: Sendable, Encodable {
    /// The platform's id of the conversation.
    public var conversation: String
    /// The tenant's name.
    public var tenant: String
    /// The agent's id.
    public var agent: String
    /// What it is doing: `listening`, `speaking`, …
    public var state: String
    /// Seconds since it began.
    public var seconds: Double
    /// Turns of the caller so far.
    public var turns: Int

    /// A live call.
    public init(
      conversation: String, tenant: String, agent: String, state: String, seconds: Double, turns: Int
    ) {
      self.conversation = conversation
      self.tenant = tenant
      self.agent = agent
      self.state = state
      self.seconds = seconds
      self.turns = turns
    }
  }

  /// A number with its name for people.
  public struct Counter: Sendable, Encodable {
    /// As in "calls answered".
    public var name: String
    /// Since the start.
    public var value: Int

    /// A number with its name.
    public init(_ name: String, _ value: Int) {
      self.name = name
      self.value = value
    }
  }

  /// From the end of the caller's turn to the first of the bot's answer, in milliseconds.
  public struct Latency: Sendable, Encodable {
    /// Turns measured.
    public var count: Int
    /// Half of the turns were as fast or faster.
    public var p50: Double
    /// 90 of 100 turns were as fast or faster.
    public var p90: Double
    /// 99 of 100 turns were as fast or faster.
    public var p99: Double

    /// Percentiles in milliseconds.
    public init(count: Int, p50: Double, p90: Double, p99: Double) {
      self.count = count
      self.p50 = p50
      self.p90 = p90
      self.p99 = p99
    }
  }

  /// Calls that are listed at most; ``liveCalls`` counts them all.
  public static let maximumCalls = 200

  /// The gateway's version.
  public var version: String
  /// Why no calls are taken, if so.
  public var reasons: [String]
  /// Seconds since the start.
  public var uptime: Double
  /// Calls that are up.
  public var liveCalls: Int
  /// Calls that may be up at once.
  public var callLimit: Int
  /// Some of the live calls.
  public var calls: [Call]
  /// Counters, in the order in which they are shown.
  public var counters: [Counter]
  /// Turn latency, once there were turns.
  public var turnLatency: Latency?

  /// A snapshot; of more calls than ``maximumCalls`` the first ones are kept.
  public init(
    version: String, reasons: [String], uptime: Double, liveCalls: Int, callLimit: Int, calls: [Call],
    counters: [Counter], turnLatency: Latency?
  ) {
    self.version = version
    self.reasons = reasons
    self.uptime = uptime
    self.liveCalls = liveCalls
    self.callLimit = callLimit
    self.calls = Array(calls.prefix(Self.maximumCalls))
    self.counters = counters
    self.turnLatency = turnLatency
  }
}
