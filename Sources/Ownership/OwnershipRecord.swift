import Basics

/// One run of one server: a process that starts again at the same address is another.
public struct Replica: Sendable, Hashable, CustomStringConvertible {
  /// Where the others reach it, `HOST:PORT`.
  public var address: String
  /// Tells one run from the next: 16 hexadecimal digits.
  public var incarnation: String

  /// A replica by its parts, unchecked.
  public init(address: String, incarnation: String) {
    self.address = address
    self.incarnation = incarnation
  }

  /// A run that begins now.
  public init(startingAt address: String) {
    self.init(address: address, incarnation: UInt64.random(in: .min ... .max).hexadecimal)
  }

  /// Address and run, for people.
  public var description: String { "\(address) (\(incarnation))" }
}

/// Who has a conversation, as the store knows it.
public struct OwnershipRecord: Sendable, Equatable {
  /// Who has it.
  public var owner: Replica
  /// How often it has had an owner; of two that think they have it, the higher one has. 0: never written.
  public var epoch: UInt64
  /// The id of the agent that was asked for.
  public var agent: String
  /// Turns of the caller so far.
  public var turns: Int
  /// What the owner keeps there for the next; empty where that is nothing.
  public var kept: String
  /// In the answer to a claim: what there was of this id is over, and another conversation begins with it.
  public var isAnew = false

  /// A record.
  public init(owner: Replica, epoch: UInt64, agent: String = "", turns: Int = 0, kept: String = "") {
    self.owner = owner
    self.epoch = epoch
    self.agent = agent
    self.turns = turns
    self.kept = kept
  }

  /// Whether it goes on with what an owner before has begun.
  public var isAdopted: Bool { epoch > 1 && !isAnew }
}

/// What a replica asks the store for with a conversation that it does not have.
public struct OwnershipClaim: Sendable, Equatable {
  /// The conversation: organization and id.
  public var key: String
  /// Who asks.
  public var claimant: Replica
  /// The agent that was asked for.
  public var agent: String
  /// The epoch of an owner that is known to be gone: its record is taken over, with the next epoch.
  public var adopting: UInt64?
  /// Only looks: nothing is written.
  public var onlyFinds: Bool
  /// Whether the claimant has it where the store has never heard of it. A store that forgets nothing may give it away
  /// in any case.
  public var mayBegin: Bool
  /// The caller has hung up: where nobody has heard of the conversation, its first RPC is to be answered by its end
  /// (``ClaimAnswer/over(_:)``).
  public var hangsUp: Bool

  /// A claim.
  public init(
    key: String, claimant: Replica, agent: String, adopting: UInt64? = nil, onlyFinds: Bool = false,
    mayBegin: Bool = true, hangsUp: Bool = false
  ) {
    self.key = key
    self.claimant = claimant
    self.agent = agent
    self.adopting = adopting
    self.onlyFinds = onlyFinds
    self.mayBegin = mayBegin
    self.hangsUp = hangsUp
  }
}

/// What the store says to a claim.
public enum ClaimAnswer: Sendable, Equatable {
  /// The claimant has it.
  case own(OwnershipRecord)
  /// The claimant has it, but the caller has hung up already, a moment before: it is not to begin.
  case over(OwnershipRecord)
  /// Another has it.
  case other(OwnershipRecord)
  /// Nobody has it, and the claim only looked.
  case nobody
  /// The store has never heard of it, or has forgotten it, and the claim may not begin it, or only looked.
  case unknown
}
