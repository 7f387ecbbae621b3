import GRPCTransport
import Locking

/// Which conversations are up, and on which loop each lives.
///
/// Asked once an RPC, not once a message.
final class ConversationRegistry: Sendable {
  enum Admission {
    case found(LoopBound<Conversation>)
    case made(LoopBound<Conversation>)
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
  }

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

  func find(_ key: ConversationKey) -> LoopBound<Conversation>? { state.withLock { $0.conversations[key] } }

  /// Finds a conversation, or lets one be made where there is room.
  func admit(_ key: ConversationKey, status: ConversationStatus, make: () -> LoopBound<Conversation>) -> Admission {
    state.withLock { state in
      if let conversation = state.conversations[key] { return .found(conversation) }
      if state.isDraining { return .draining }
      let own = state.perOrganization[key.organization, default: 0]
      guard state.conversations.count < state.limits.conversations,
        own < state.limits.conversations(of: key.organization)
      else { return .full }
      let conversation = make()
      state.conversations[key] = conversation
      state.statuses[key] = status
      state.perOrganization[key.organization] = own + 1
      return .made(conversation)
    }
  }

  func remove(_ key: ConversationKey) {
    state.withLock { state in
      guard state.conversations.removeValue(forKey: key) != nil else { return }
      state.statuses[key] = nil
      let left = state.perOrganization[key.organization, default: 1] - 1
      state.perOrganization[key.organization] = left > 0 ? left : nil
    }
  }

  /// From now on only RPCs of live conversations are taken.
  func drain() { state.withLock { $0.isDraining = true } }

  var statuses: [ConversationStatus] { state.withLock { Array($0.statuses.values) } }

  var all: [LoopBound<Conversation>] { state.withLock { Array($0.conversations.values) } }
}
