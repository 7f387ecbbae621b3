/// How many conversations of each organization this server may have, so that all servers together keep the
/// organization's limit. A pure value.
///
/// Each server tells its own numbers and reads those of the others, at least twice a second. What is left of a limit
/// then is divided among the servers that take calls: each may use its part until it has read again, and one that uses
/// half of it reads sooner. So a limit is exceeded only by what readings are old, and a server that gets all the calls
/// still gets the whole of it. Where the rest cannot be divided, the servers take turns with it, by Redis's clock.
///
/// With Redis gone for longer than ``patience``, a server counts its own alone.
public struct SharedLimits: Sendable {
  /// What was read.
  public struct Reading: Sendable, Hashable {
    /// This server's conversations, as the others were told with this reading.
    public var own: [String: Int]
    /// The others', summed.
    public var others: [String: Int]
    /// Servers that take calls, with this one.
    public var replicas: Int
    /// This server's place among them, from 0.
    public var rank: Int
    /// Redis's clock, in seconds: the servers take turns by it.
    public var second: Int

    /// A reading.
    public init(own: [String: Int], others: [String: Int], replicas: Int, rank: Int, second: Int) {
      self.own = own
      self.others = others
      self.replicas = replicas
      self.rank = rank
      self.second = second
    }
  }

  /// How long a reading counts.
  public static let patience = Duration.seconds(3)
  /// For how many seconds of Redis's clock a server has its turn.
  static let turn = 2

  private var reading: Reading?
  private var readAt = Duration.zero

  /// Nothing is read yet.
  public init() {}

  /// Something was read.
  public mutating func read(_ reading: Reading, now: Duration) {
    self.reading = reading
    readAt = now
  }

  /// Whether the others' numbers count.
  public func isCurrent(now: Duration) -> Bool { reading != nil && now - readAt < Self.patience }

  /// How many conversations of an organization this server may have, and from how many on it had better read again.
  public func ceiling(of organization: String, limit: Int, now: Duration) -> (ceiling: Int, readsFrom: Int) {
    guard let reading, isCurrent(now: now) else { return (limit, .max) }
    let own = reading.own[organization] ?? 0
    let others = reading.others[organization] ?? 0
    let room = limit - own - others
    guard room > 0 else { return (max(0, own + room), .max) }
    let replicas = max(1, reading.replicas)
    let place = (reading.rank + reading.second / Self.turn) % replicas
    let part = room / replicas + (place < room % replicas ? 1 : 0)
    // Alone, there is nothing to learn.
    return (own + part, replicas == 1 ? .max : own + part / 2)
  }
}
