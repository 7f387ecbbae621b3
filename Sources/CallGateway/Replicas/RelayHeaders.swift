import GRPCTransport
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
/// | `x-patchbay-org`, `x-patchbay-tenant-bin` | who calls, as verified |
/// | `x-patchbay-peer` | the caller's address |
/// | `authorization`, `trackingid` | as they came |
///
/// Messages are the RPC's own bytes, both ways; but for the first of an answer, which is empty and says that the owner has
/// accepted the RPC. A trailer `x-patchbay-relay` comes with every status that the owner gave: `end` where it is the RPC's
/// own, else why the RPC was not accepted.
enum RelayHeaders {
  static let path = "/patchbay.cluster.v1.Relay/ProcessCallerInput"
  static let version = "1"

  static let relay = "x-patchbay-relay"
  static let secret = "x-patchbay-secret"
  static let owner = "x-patchbay-owner"
  static let epoch = "x-patchbay-epoch"
  static let from = "x-patchbay-from"
  static let organization = "x-patchbay-org"
  static let tenant = "x-patchbay-tenant-bin"
  static let peer = "x-patchbay-peer"
  /// The trailer of a status that is the RPC's own.
  static let end = "end"
}
