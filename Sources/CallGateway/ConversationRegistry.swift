import GRPCTransport
import Locking

/// Which conversations are up, and on which loop each lives.
///
/// Asked once an RPC, not once a message.
final class ConversationRegistry: Sendable {
  enum Admission {
    case found(LoopBound<Conversation>)
    case made(LoopBound<Conversation>)
    /// The same, in the place of one whose caller was lost: that is to be given up, on its loop.
    case madeInstead(LoopBound<Conversation>, of: LoopBound<Conversation>)
    /// The server, or the organization, has as many calls as it may.
    case full
    /// The server takes no new conversations: it is draining.
    case draining
  }

  private struct State {
    var conversations: [ConversationKey: LoopBound<Conversation>] = [:]
    var statuses: [ConversationKey: ConversationStatus] = [:]
    var perOrganization: [String: Int] = [:]
    var isDraining = false
    var limits: GatewayLimits

    func find(_ key: ConversationKey) -> LoopBound<Conversation>? {
      statuses[key]?.lostSince = nil
      return conversations[key]
    }

    mutating func add(_ conversation: LoopBound<Conversation>, _ status: ConversationStatus, _ key: ConversationKey) {
      conversations[key] = conversation
      statuses[key] = status
      perOrganization[key.organization, default: 0] += 1
    }

    @discardableResult
    mutating func remove(_ key: ConversationKey) -> LoopBound<Conversation>? {
      guard let conversation = conversations.removeValue(forKey: key) else { return nil }
      statuses[key] = nil
      let left = perOrganization[key.organization, default: 1] - 1
      perOrganization[key.organization] = left > 0 ? left : nil
      return conversation
    }

    /// The conversation that has been without its caller for the longest; a caller who goes on is back within
    /// `least`.
    func longestLost(of organization: String?, now: Duration, least: Duration) -> ConversationKey? {
      var found: (key: ConversationKey, since: Duration)?
      for (key, status) in statuses where organization == nil || key.organization == organization {
        guard let since = status.lostSince, since + least <= now, since < found?.since ?? now else { continue }
        found = (key, since)
      }
      return found?.key
    }
  }

  /// Time in which a caller whose RPC broke is expected to come with another, before somebody may take the place.
  private static let timeToReturn = Duration.seconds(1)

  private let state: Locked<State>

  init(limits: GatewayLimits) { state = Locked(State(limits: limits)) }

  /// What new conversations are measured against.
  var limits: GatewayLimits {
    get { state.withLock { $0.limits } }
    set { state.withLock { $0.limits = newValue } }
  }

  /// The organizations that have conversations up.
  var organizations: Set<String> { state.withLock { Set($0.perOrganization.keys) } }

  var count: Int { state.withLock { $0.conversations.count } }

  /// The conversation that an RPC belongs to. Its caller is not lost from here on: nobody takes its place.
  func find(_ key: ConversationKey) -> LoopBound<Conversation>? { state.withLock { $0.find(key) } }

  /// Finds a conversation, or lets one be made where there is room: where all places are taken, in that of one whose
  /// caller was lost.
  func admit(
    _ key: ConversationKey, status: ConversationStatus, now: Duration, make: () -> LoopBound<Conversation>
  ) -> Admission {
    state.withLock { state in
      if let conversation = state.find(key) { return .found(conversation) }
      if state.isDraining { return .draining }
      let hasOwnRoom =
        state.perOrganization[key.organization, default: 0] < state.limits.conversations(of: key.organization)
      if hasOwnRoom, state.conversations.count < state.limits.conversations {
        let conversation = make()
        state.add(conversation, status, key)
        return .made(conversation)
      }
      // Of limits that were lowered, one place is not enough.
      guard state.conversations.count <= state.limits.conversations,
        state.perOrganization[key.organization, default: 0] <= state.limits.conversations(of: key.organization),
        let lost = state.longestLost(
          of: hasOwnRoom ? nil : key.organization, now: now, least: Self.timeToReturn),
        let former = state.remove(lost)
      else { return .full }
      let conversation = make()
      state.add(conversation, status, key)
      return .madeInstead(conversation, of: former)
    }
  }

  /// The conversation of this status is over. Another one of the same key stays.
  func remove(_ key: ConversationKey, _ status: ConversationStatus) {
    state.withLock { state in
      guard state.statuses[key] === status else { return }
      state.remove(key)
    }
  }

  /// From now on only RPCs of live conversations are taken.
  func drain() { state.withLock { $0.isDraining = true } }

  var statuses: [ConversationStatus] { state.withLock { Array($0.statuses.values) } }

  var all: [LoopBound<Conversation>] { state.withLock { Array($0.conversations.values) } }
}
