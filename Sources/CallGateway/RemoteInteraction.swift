import GRPCTransport
import TokenVerification
import WebexProtocol

/// The RPC's side of an RPC whose conversation lives on another loop: passes on what comes, in order.
final class RemoteInteraction {
  private let loop: any LoopExecutor
  private let far: RemoteLine

  /// Joins the conversation on its loop before anything else is passed on.
  init(_ conversation: LoopBound<Conversation>, far: RemoteLine, id: RPCID, authorization: String?) {
    self.loop = conversation.loop
    self.far = far
    loop.execute {
      far.join(conversation.value, id: id)
      conversation.value.info.token?.renew(authorization)
    }
  }

  func received(_ message: [UInt8]) { loop.execute { [far] in far.received(message) } }
  func halfClosed() { loop.execute { [far] in far.halfClosed() } }
  func lost() { loop.execute { [far] in far.lost() } }
  func settled(isDelivered: Bool) { loop.execute { [far] in far.settled(isDelivered: isDelivered) } }
}

/// The conversation's side of it: an RPC like any other, whose line leads to another loop.
///
/// `@unchecked Sendable`: made on the RPC's loop and handed over at once; from then on only closures on the
/// conversation's loop touch it, and `near` is a ``LoopBound`` that checks the way back.
final class RemoteLine: InteractionLine, @unchecked Sendable {
  private let near: LoopBound<VoiceCallHandler>
  private let nearLoop: any LoopExecutor
  private let organization: String
  private var conversation: Conversation?
  private var interaction: Interaction?

  init(near: LoopBound<VoiceCallHandler>, nearLoop: any LoopExecutor, organization: String) {
    self.near = near
    self.nearLoop = nearLoop
    self.organization = organization
  }

  /// On the conversation's loop, before anything is received.
  func join(_ conversation: Conversation, id: RPCID) {
    self.conversation = conversation
    interaction = conversation.join(self, id: id)
  }

  func received(_ message: [UInt8]) {
    guard let conversation, let interaction else { return }
    do {
      let request = try message.span.bytes.withUnsafeBytes { try conversation.worker.decoder.decode($0) }
      try request.check(organization: organization, conversation: conversation.key.conversation)
      try conversation.receive(request, on: interaction)
    } catch {
      nearLoop.execute { [near] in near.value.refuse(message: error) }
    }
  }

  func halfClosed() {
    guard let conversation, let interaction else { return }
    conversation.halfClosed(interaction)
  }

  func lost() {
    guard let conversation, let interaction else { return }
    conversation.lost(interaction)
    self.conversation = nil
    self.interaction = nil
  }

  func settled(isDelivered: Bool) {
    guard let conversation, let interaction else { return }
    conversation.settled(interaction, isDelivered: isDelivered)
    self.conversation = nil
    self.interaction = nil
  }

  func send(_ response: VoiceResponse) {
    let message = response.encoded()
    nearLoop.execute { [near] in near.value.send(encoded: message) }
  }

  func finish(_ status: RPCStatus, tellsDelivery: Bool) {
    nearLoop.execute { [near] in near.value.finish(status, tellsDelivery: tellsDelivery) }
  }
  func pause() { nearLoop.execute { [near] in near.value.pause() } }
  func resume() { nearLoop.execute { [near] in near.value.resume() } }
}
