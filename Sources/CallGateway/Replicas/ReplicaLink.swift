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
  private let known = Locked<@Sendable () -> [Replica]>({ [] })

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
  public func know(_ others: @escaping @Sendable () -> [Replica]) { known.withLock { $0 = others } }

  /// Some of the other replicas that live, as far as they are known.
  func others(most: Int) -> [Replica] {
    let own = keeper.own
    return Array(known.withLock { $0 }().filter { $0 != own }.prefix(most))
  }

  /// Compares without telling by its time how much is right.
  func isSecret(_ text: String) -> Bool {
    let given = Array(text.utf8)
    guard given.count == secret.count else { return false }
    return zip(given, secret).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }
}

extension ConversationKey {
  /// What the store knows it by.
  var ownershipKey: String { "\(organization)/\(conversation)" }
}
