extension ArrivalStateMachine {
  /// What to do next.
  public enum Action: Sendable, Equatable {
    /// Ask the store: ``claimed(_:)`` is to follow. With an epoch, its owner is known to be gone. With `mayBegin` it is
    /// this replica's where the store has never heard of it.
    case claim(adopting: UInt64?, onlyFinds: Bool, mayBegin: Bool = true)
    /// Hand the RPC on: ``relayFailed(_:)`` is to follow where the owner does not accept it.
    case relay(OwnershipRecord)
    /// Ask the store whether a replica's lease is running: ``leaseAnswered(_:now:)`` is to follow.
    case askLease(Replica)
    /// Let time pass, then call ``waited()``.
    case wait(Duration)
    /// Ask this replica whether it has the conversation, or all that are known: ``answered(_:)`` is to follow.
    case ask(Replica?)
    /// The conversation is this replica's: begin it, with what the owner before has kept. Epoch 0: the store does not
    /// answer, and what it or a replica says later still counts.
    case serve(epoch: UInt64, turns: Int, isAdopted: Bool, kept: String = "")
    /// What was begun with epoch 0 is this replica's, with this epoch.
    case confirm(epoch: UInt64)
    /// What was begun with epoch 0 is another's: end it here without a word, and hand the RPC on, as ``relay(_:)``
    /// does.
    case handOver(OwnershipRecord)
    /// This replica ends: hand the RPC on to one that takes calls, which may begin the conversation. ``passed(to:)`` or
    /// ``nobodyTakes()`` is to follow.
    case pass
    /// The store takes this replica for the owner, which it is not: tell it.
    case release
    /// Nobody has the conversation, and it may not begin with this RPC.
    case nobody
    /// The caller has hung up already: give the conversation back, and answer that it is over.
    case end
    /// The RPC cannot be served, for this reason.
    case fail(String)
  }

  /// Why an owner did not accept an RPC.
  public enum RelayFailure: String, Sendable {
    /// It cannot be reached, or says nothing.
    case unreachable
    /// It does not have the conversation.
    case notOwner = "not-owner"
    /// Another run of the server is at its address.
    case otherIncarnation = "other-incarnation"
    /// It does not accept this replica: another secret, another version.
    case refused
  }

  /// What replicas say that were asked for a conversation.
  public enum Found: Sendable, Equatable {
    /// The one of the record has it.
    case has(OwnershipRecord)
    /// None of those that answered has it.
    case hasNot
    /// Nobody answered.
    case unreachable
  }

  /// Which RPC it is that has arrived.
  public enum Kind: Sendable {
    /// The one that begins a conversation.
    case start
    /// A later one, whose conversation somebody has, unless it is lost.
    case later
    /// A hang-up, or whatever else begins no conversation.
    case end
  }

  /// Where the RPC is.
  enum Phase: Equatable {
    /// The store is asked for the conversation, or the replicas that are known, where it is slow or its word not
    /// enough.
    case claiming(isAnswered: Bool, isAsking: Bool)
    /// The RPC is handed on to the owner, or the owner's fate is looked into.
    case relaying(OwnershipRecord)
    /// The RPC is served here with the store's word.
    case settled
    /// The RPC is served here, or was answered, without it.
    case unowned
    /// The same, and it is looked into what the store said late: that another has the conversation.
    case doubted(OwnershipRecord)
  }

  /// What is to follow where none of the replicas that are asked has the conversation.
  enum Otherwise: Equatable {
    /// The store has never heard of it, or has forgotten it.
    case begin
    /// The store names an owner that is gone, with this epoch.
    case adopt(UInt64)
  }
}
