/// Hang-ups that came before the RPCs that they end: two RPCs of one call may arrive in any order, and a call that begins
/// when its caller has gone would be live until it is given up for idle.
///
/// A pure value: the clock comes in. Conversation ids may be used again (a flow may have two activities with the agent), so
/// that a hang-up is early only where the conversation was never here; it is so for one SESSION_START, and for a short time.
struct EarlyEnds: Sendable {
  /// How long a hang-up is remembered.
  static let life = Duration.seconds(10)
  /// Hang-ups that are remembered; beyond them the oldest goes.
  static let capacity = 4_096
  /// Conversations of which it is remembered that they were here.
  static let memory = 65_536

  private var early: [ConversationKey: Duration] = [:]
  private var earlyRing: [ConversationKey] = []
  private var nextEarly = 0
  /// Hashes: two that are alike cost no more than an early hang-up that is taken for a common one.
  private var former: Set<Int> = []
  private var ring: [Int] = []
  private var next = 0

  /// A conversation that was here is over.
  mutating func ended(_ key: ConversationKey) {
    let hash = key.hashValue
    guard former.insert(hash).inserted else { return }
    if ring.count < Self.memory { return ring.append(hash) }
    former.remove(ring[next])
    ring[next] = hash
    next = (next + 1) % Self.memory
  }

  /// The caller of a conversation that is not here has hung up.
  mutating func hungUp(_ key: ConversationKey, now: Duration) {
    guard !former.contains(key.hashValue) else { return }
    guard early.updateValue(now + Self.life, forKey: key) == nil else { return }
    if earlyRing.count < Self.capacity { return earlyRing.append(key) }
    early[earlyRing[nextEarly]] = nil
    earlyRing[nextEarly] = key
    nextEarly = (nextEarly + 1) % Self.capacity
  }

  /// Forgets that the caller of a conversation that is about to begin has hung up. False where that is not known.
  mutating func forget(_ key: ConversationKey, now: Duration) -> Bool {
    guard let until = early.removeValue(forKey: key) else { return false }
    return until > now
  }
}
