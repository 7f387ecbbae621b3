import GRPCTransport
import Locking

/// Which sessions of one service are up, and on which loop each lives. Asked once an RPC, not once a message.
final class MediaRegistry: Sendable {
  enum Admission {
    case session(LoopBound<any MediaHost>)
    /// The server, or the organization, has as many sessions as it may.
    case full
    /// The server takes no new sessions: it is draining.
    case draining
  }

  private struct State {
    var sessions: [ConversationKey: LoopBound<any MediaHost>] = [:]
    var perOrganization: [String: Int] = [:]
    var isDraining = false
  }

  private let state = Locked(State())

  var count: Int { state.withLock { $0.sessions.count } }
  var all: [LoopBound<any MediaHost>] { state.withLock { Array($0.sessions.values) } }

  func find(_ key: ConversationKey) -> LoopBound<any MediaHost>? { state.withLock { $0.sessions[key] } }

  /// Finds a session, or lets one be made where there is room.
  func admit(_ key: ConversationKey, limits: GatewayLimits, make: () -> LoopBound<any MediaHost>) -> Admission {
    state.withLock { state in
      if let session = state.sessions[key] { return .session(session) }
      if state.isDraining { return .draining }
      let own = state.perOrganization[key.organization, default: 0]
      guard state.sessions.count < limits.conversations, own < limits.conversations(of: key.organization) else {
        return .full
      }
      let session = make()
      state.sessions[key] = session
      state.perOrganization[key.organization] = own + 1
      return .session(session)
    }
  }

  func remove(_ key: ConversationKey) {
    state.withLock { state in
      guard state.sessions.removeValue(forKey: key) != nil else { return }
      let left = state.perOrganization[key.organization, default: 1] - 1
      state.perOrganization[key.organization] = left > 0 ? left : nil
    }
  }

  /// From now on only RPCs of live sessions are taken.
  func drain() { state.withLock { $0.isDraining = true } }
}
