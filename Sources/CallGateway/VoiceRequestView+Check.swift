import GRPCTransport
import WebexProtocol

extension VoiceRequestView {
  /// The token's organization is the only one that an RPC may speak of, in every message that names one; and an RPC
  /// belongs to one conversation.
  borrowing func check(organization: String, conversation: String? = nil) throws(RPCStatus) {
    guard organizationID.isEmpty || organizationID.equals(organization) else {
      throw RPCStatus(.permissionDenied, "customer_org_id is not the organization of the token")
    }
    if let conversation, !conversationID.equals(conversation) {
      throw RPCStatus(.invalidArgument, "conversation_id changed within the call")
    }
  }
}
