import GRPCTransport
import Ownership
import TokenVerification

/// What a replica says of an RPC that it hands on, as headers of the RPC between the two. Fields are only added: who knows
/// fewer passes over the rest, and does not need those that are new.
///
/// | header | what |
/// | --- | --- |
/// | `x-patchbay-relay` | the version, 1 |
/// | `x-patchbay-secret` | what both know |
/// | `x-patchbay-owner` | the incarnation of the replica that is meant |
/// | `x-patchbay-epoch` | the conversation's epoch, as the relaying replica knows it |
/// | `x-patchbay-from` | the relaying replica |
/// | `x-patchbay-begin` | 1 where the relaying replica ends and nobody has the conversation: this one may begin it |
/// | `x-patchbay-org`, `x-patchbay-tenant-bin` | who calls, as verified |
/// | `x-patchbay-peer` | the caller's address |
/// | `authorization`, `trackingid` | as they came |
///
/// Messages are the RPC's own bytes, both ways; but for the first of an answer, which is empty and says that the owner has
/// accepted the RPC. A trailer `x-patchbay-relay` comes with every status that the owner gave: `end` where it is the RPC's
/// own, else why the RPC was not accepted.
///
/// Whether a replica has a conversation is asked without a message: the version, the secret, the incarnation of the one
/// that is asked, `x-patchbay-from`, `x-patchbay-org` and `x-patchbay-conversation-bin`. The trailer `x-patchbay-relay` is
/// `end` where it has it, with its `x-patchbay-epoch`, else `not-owner` or why it does not answer. There is no such trailer
/// of a replica that has stood still and has yet to read whether it has it, nor of one of a release that does not
/// know the question, and does not implement the method: both are taken for silent.
enum RelayHeaders {
  static let path = "/patchbay.cluster.v1.Relay/ProcessCallerInput"
  static let findPath = "/patchbay.cluster.v1.Relay/FindConversation"
  static let version = "1"

  static let relay = "x-patchbay-relay"
  static let secret = "x-patchbay-secret"
  static let owner = "x-patchbay-owner"
  static let epoch = "x-patchbay-epoch"
  static let from = "x-patchbay-from"
  static let organization = "x-patchbay-org"
  static let tenant = "x-patchbay-tenant-bin"
  static let peer = "x-patchbay-peer"
  static let begin = "x-patchbay-begin"
  static let conversation = "x-patchbay-conversation-bin"
  /// The trailer of a status that is the RPC's own.
  static let end = "end"

  private static func of(_ replica: Replica, organization: String, by link: ReplicaLink) -> Metadata {
    [
      (relay, version), (secret, String(decoding: link.secret, as: UTF8.self)), (owner, replica.incarnation),
      (from, link.keeper.own.address), (Self.organization, organization),
    ]
  }

  /// Of an RPC that is handed on.
  static func of(
    _ call: SessionCall, _ identity: Identity, to record: OwnershipRecord, mayBegin: Bool, by link: ReplicaLink
  ) -> Metadata {
    var headers = of(record.owner, organization: identity.organization, by: link)
    headers.add(epoch, "\(record.epoch)")
    if mayBegin { headers.add(begin, "1") }
    headers.add(peer, call.peer)
    headers.add(tenant, bytes: Array(identity.tenantName.utf8))
    if let token = call.authorization { headers.add("authorization", token) }
    if let id = call.trackingID { headers.add("trackingid", id) }
    return headers
  }

  /// Of the question whether a replica has a conversation.
  static func question(_ key: ConversationKey, to replica: Replica, by link: ReplicaLink) -> Metadata {
    var headers = of(replica, organization: key.organization, by: link)
    headers.add(conversation, bytes: Array(key.conversation.utf8))
    return headers
  }
}
