/// A conversation of this replica.
public struct OwnedConversation: Sendable {
  /// 0 where the store did not answer when it began.
  public var epoch: UInt64
  /// The agent that has it.
  public var agent: String
  /// Tells it from a later conversation of the same key.
  public var number: Int
  /// Called, on any thread, when another replica has the conversation.
  public var lost: @Sendable () -> Void
  /// Called, on any thread, when after a pause it is known to be this replica's still.
  public var confirmed: @Sendable () -> Void
  /// Turns so far.
  public var turns: @Sendable () -> Int
  /// What is kept for the next owner, as it is now; empty where that is nothing.
  public var kept: @Sendable () -> String
  /// Addresses of replicas that were told of it while the store had not: they may act on it.
  var told: Set<String> = []

  /// A conversation that begins.
  public init(
    epoch: UInt64, agent: String, number: Int, lost: @escaping @Sendable () -> Void,
    confirmed: @escaping @Sendable () -> Void, turns: @escaping @Sendable () -> Int,
    kept: @escaping @Sendable () -> String = { "" }
  ) {
    self.epoch = epoch
    self.agent = agent
    self.number = number
    self.lost = lost
    self.confirmed = confirmed
    self.turns = turns
    self.kept = kept
  }
}

extension OwnedConversation {
  /// As it is now.
  func record(by own: Replica) -> OwnershipRecord {
    OwnershipRecord(owner: own, epoch: epoch, agent: agent, turns: turns(), kept: kept())
  }
}

/// What a replica knows of its own conversations and of where others are.
///
/// A pure value: the clock comes in.
struct OwnershipBook: Sendable {
  /// Owners of others' conversations that are remembered.
  static let maximumRoutes = 100_000
  /// How long they are.
  static let routeLife = Duration.seconds(15 * 60)

  private(set) var owned: [String: OwnedConversation] = [:]
  private var routes: [String: (record: OwnershipRecord, until: Duration)] = [:]
  /// RPCs that are asking the store for a conversation, which this replica is about to have.
  private var claiming: [String: (count: Int, pauses: Int)] = [:]

  // MARK: Others' conversations

  mutating func remember(_ record: OwnershipRecord, of key: String, now: Duration) {
    if routes.count >= Self.maximumRoutes {
      routes = routes.filter { $0.value.until > now }
      // Full of what is fresh: one goes, whichever.
      if routes.count >= Self.maximumRoutes { routes.remove(at: routes.startIndex) }
    }
    routes[key] = (record, now + Self.routeLife)
  }

  mutating func forget(_ key: String) { routes[key] = nil }

  func remembered(_ key: String, now: Duration) -> OwnershipRecord? {
    guard let route = routes[key], route.until > now else { return nil }
    return route.record
  }

  // MARK: Own conversations

  /// - Parameter pauses: that there have been so far.
  mutating func asks(for key: String, pauses: Int) { claiming[key, default: (0, pauses)].count += 1 }

  mutating func hasAsked(for key: String) {
    claiming[key]?.count -= 1
    if claiming[key]?.count ?? 0 <= 0 { claiming[key] = nil }
  }

  /// The pauses that there had been when the conversation was first asked for, of RPCs that are asking still.
  func pausesWhenAsked(for key: String) -> Int? { claiming[key]?.pauses }

  /// Whether the conversation may be about to begin here.
  func isAsking(for key: String) -> Bool { claiming[key] != nil }

  mutating func began(_ key: String, _ conversation: OwnedConversation) {
    owned[key] = conversation
    routes[key] = nil
  }

  /// The conversation of this number is over; false where it is another's of the same key, or was lost.
  mutating func ended(_ key: String, number: Int) -> Bool {
    guard owned[key]?.number == number else { return false }
    owned[key] = nil
    return true
  }

  /// What is to be renewed.
  func renewals(by own: Replica) -> [(key: String, record: OwnershipRecord)] {
    owned.map { ($0, $1.record(by: own)) }
  }

  /// What is in force after a renewal. Returns what is another's by now, or was when it ended.
  mutating func renewed(
    _ asked: [(key: String, record: OwnershipRecord)], _ answers: [OwnershipRecord?], by own: Replica, now: Duration
  ) -> [OwnedConversation] {
    var lost: [OwnedConversation] = []
    for ((key, record), answer) in zip(asked, answers) {
      // What has another epoch by now was raised meanwhile, or has begun anew after what this answer is about.
      guard var conversation = owned[key],
        conversation.epoch == record.epoch || answer.map({ $0.epoch >= conversation.epoch }) ?? false
      else { continue }
      if let answer, answer.owner == own {
        conversation.epoch = max(conversation.epoch, answer.epoch)
        owned[key] = conversation
      } else {
        owned[key] = nil
        if let answer { remember(answer, of: key, now: now) }
        lost.append(conversation)
      }
    }
    return lost
  }

  /// The epoch that another replica is told, which asks whether a conversation is here.
  mutating func tell(_ key: String, to address: String) -> UInt64? {
    guard let epoch = owned[key]?.epoch else { return nil }
    if epoch == 0 { owned[key]?.told.insert(address) }
    return epoch
  }

  /// A conversation of epoch 0 is another's; false where it has an epoch by now, or is over. Of two that have both begun
  /// it without the store's word, and have told each other so before either has acted on it, the one with the lower
  /// address keeps it; one that has not told the other gives way, and tells it from then on that it has it not.
  mutating func yield(_ key: String, to record: OwnershipRecord, by own: Replica, now: Duration) -> Bool {
    guard let conversation = owned[key], conversation.epoch == 0 else { return false }
    let owner = record.owner.address
    if record.epoch == 0, conversation.told.contains(owner), own.address < owner { return false }
    owned[key] = nil
    remember(record, of: key, now: now)
    return true
  }

  /// Another replica has read that this one has the conversation with this epoch.
  mutating func raise(_ key: String, to epoch: UInt64) {
    if let conversation = owned[key], conversation.epoch < epoch { owned[key]?.epoch = epoch }
  }
}
