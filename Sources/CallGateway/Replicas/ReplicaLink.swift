public import GRPCTransport
import Locking
public import Ownership

/// What joins a gateway with other replicas: who has which conversation, and the way to them.
public final class ReplicaLink: Sendable {
  /// Who has which conversation.
  public let keeper: OwnershipKeeper
  let network: any RelayNetwork
  let secret: [UInt8]
  let metrics = RelayMetrics()
  private let known = Locked<@Sendable () -> [KnownReplica]>({ [] })

  init(keeper: OwnershipKeeper, network: any RelayNetwork, secret: String) {
    self.keeper = keeper
    self.network = network
    self.secret = Array(secret.utf8)
  }

  /// A link over connections of our own transport.
  ///
  /// - Parameters:
  ///   - secret: what all replicas know.
  ///   - security: what protects connections to other replicas.
  public convenience init(keeper: OwnershipKeeper, secret: String, security: GRPCChannel.Security) {
    self.init(keeper: keeper, network: RelayChannels(security: security), secret: secret)
  }

  /// From now on the other replicas are known by this, which may be asked on any thread.
  public func know(_ others: @escaping @Sendable () -> [KnownReplica]) { known.withLock { $0 = others } }

  /// Some of the other replicas that live, as far as they are known.
  func others(most: Int) -> [Replica] {
    let own = keeper.own
    return Array(known.withLock { $0 }().map(\.replica).filter { $0 != own }.prefix(most))
  }

  /// The others that take calls.
  var takers: [Replica] {
    let own = keeper.own
    return known.withLock { $0 }().filter { $0.takesCalls && $0.replica != own }.map(\.replica)
  }

  /// Whether another could go on with this one's conversations.
  var hasTakers: Bool { !takers.isEmpty }

  /// Compares without telling by its time how much is right.
  func isSecret(_ text: String) -> Bool {
    let given = Array(text.utf8)
    guard given.count == secret.count else { return false }
    return zip(given, secret).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }
}

/// Another replica, as this one last heard of it.
public struct KnownReplica: Sendable {
  /// Which it is.
  public var replica: Replica
  /// Whether it takes new calls.
  public var takesCalls: Bool

  /// A replica.
  public init(_ replica: Replica, takesCalls: Bool) {
    self.replica = replica
    self.takesCalls = takesCalls
  }
}

extension ConversationKey {
  /// What the store knows it by.
  var ownershipKey: String { "\(organization)/\(conversation)" }
}
