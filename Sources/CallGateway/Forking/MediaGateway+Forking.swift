import BotEngine
import GRPCTransport
import TokenVerification
import WebexProtocol

extension MediaGateway {
  var forkMethod: ServerMethod {
    ServerMethod(path: "/\(Self.forkingService)/StreamConversationAudio") { [self] in accept($0, .fork) }
  }

  /// The session of a forked conversation's RPC, from its first message. A message that names no conversation is of the
  /// one in the header `x-conversation-id`.
  func fork(
    _ bytes: UnsafeRawBufferPointer, _ identity: Identity, _ call: SessionCall
  ) throws -> LoopBound<any SessionHost> {
    let worker = workers.on(call.loop)
    let request = try worker.forks.decode(bytes)
    guard identity.refusal(forMessageOf: request.organizationID.string) == nil else {
      throw RPCStatus(.permissionDenied, "customer_org_id is not the organization of the token")
    }
    let named = request.conversationID.nonEmptyString ?? call.values(for: "x-conversation-id").first
    guard let conversation = named, !conversation.isEmpty, conversation.utf8.count <= 128 else {
      throw RPCStatus(.invalidArgument, "conversation_id is empty")
    }
    let key = ConversationKey(organization: identity.organization, conversation: conversation)
    call.subject["conversation"] = "\(conversation)"
    var parameters = request.additionalInfo.mapValues { BotValue.string($0) }
    request.leftOut.note(in: &parameters)
    if !request.leftOut.isEmpty {
      metrics.leftOutValues.increment(by: request.leftOut.count)
      log.warning(
        "values of the flow are over their bounds and were left out",
        metadata: [
          "conversation": "\(conversation)", "names": "\(request.leftOut.names.joined(separator: ", "))",
        ])
    }
    let info = MediaSessionInfo(
      kind: .fork, organization: key.organization, conversation: key.conversation,
      trackingID: call.trackingID,
      parameters: parameters, sampleRate: settings.forkRate)
    return try session(key, kind: .fork, identity, loop: call.loop) { receivers, status in
      ForkSession(info: info, status: status, receivers: receivers, media: self, loop: call.loop, worker: worker)
    }
  }
}
