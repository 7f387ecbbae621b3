import GRPCTransport
import Logging
import TokenVerification
import WebexProtocol

/// One `ProcessCallerInput` RPC: token first, then messages into the conversation, answers back out.
///
/// Runs on the RPC's own loop. Where the conversation lives on another loop, messages and answers hop between the two
/// (``RemoteInteraction``); with one completion queue that never happens.
final class VoiceCallHandler: IncomingRPCHandler {
  private enum State {
    /// The token is being verified; nothing of the RPC has been read.
    case authenticating
    /// The first message will tell which conversation this is.
    case authorized(Identity)
    case local(Conversation, Interaction)
    case remote(RemoteInteraction)
    /// A status went out, or the RPC is gone.
    case over
  }

  private let gateway: VoiceGateway
  private let worker: VoiceWorker
  private let call: any IncomingRPC
  private let id: RPCID
  private var state = State.authenticating
  /// Who is told whether the client has it all.
  private var answeredBy: State?
  /// Whether the RPC is counted among the open ones.
  private var isCounted = true
  private var isHalfClosed = false
  private var watchdog: LoopTimer?
  private var lastMessage: Duration
  private var hasMessage = false

  init(call: any IncomingRPC, gateway: VoiceGateway, worker: VoiceWorker) {
    self.call = call
    self.gateway = gateway
    self.worker = worker
    self.id = gateway.nextRPC()
    lastMessage = call.executor.now
  }

  // MARK: Before the first message

  func begin() {
    guard gateway.enter() else {
      return refuse(RPCStatus(.resourceExhausted, "the server has as many calls as it takes"))
    }
    if let tracking = call.trackingID { call.setInitialMetadata([("trackingid", tracking)]) }
    gateway.authenticate(call, schema: .exactly(.voiceVirtualAgent), admitsRetired: true, for: self) {
      handler, result in
      switch result {
      case .success(let identity): handler.authorized(identity)
      case .failure(let status): handler.refuse(status)
      }
    }
  }

  private func authorized(_ identity: Identity) {
    guard case .authenticating = state else { return }
    state = .authorized(identity)
    watch(after: gateway.limits.firstMessage)
    call.startReading()
  }

  // MARK: The call's events

  func received(_ bytes: UnsafeRawBufferPointer) {
    lastMessage = call.executor.now
    hasMessage = true
    do {
      switch state {
      case .remote(let remote): remote.received(Array(bytes))
      case .local(let conversation, let interaction):
        let request = try worker.decoder.decode(bytes)
        try request.check(organization: conversation.key.organization, conversation: conversation.key.conversation)
        try conversation.receive(request, on: interaction)
      case .authorized(let identity):
        let request = try worker.decoder.decode(bytes)
        try request.check(organization: identity.organization)
        try join(request, bytes, identity)
      case .authenticating, .over: break
      }
    } catch {
      refuse(gateway.refusedMessage(error))
    }
  }

  /// The first message: which conversation is it?
  private func join(
    _ request: borrowing VoiceRequestView, _ bytes: UnsafeRawBufferPointer, _ identity: Identity
  ) throws(RPCStatus) {
    guard !request.conversationID.isEmpty else { throw RPCStatus(.invalidArgument, "conversation_id is empty") }
    let key = ConversationKey(organization: identity.organization, conversation: request.conversationID.string)
    if case .event(let event) = request.input, case .sessionEnd = event.kind, gateway.registry.find(key) == nil {
      // The caller of a conversation that is already over has hung up.
      send(VoiceResponse())
      return complete(.ok)
    }
    let conversation = try gateway.conversation(for: key, identity: identity, request: request, call: call)
    if conversation.loop === call.executor {
      let interaction = conversation.value.join(self, id: id)
      conversation.value.info.token?.renew(call.values(for: "authorization").first)
      state = .local(conversation.value, interaction)
      try conversation.value.receive(request, on: interaction)
    } else {
      let remote = gateway.remoteInteraction(
        with: conversation, of: self, call: call, id: id, organization: identity.organization)
      state = .remote(remote)
      remote.received(Array(bytes))
    }
  }

  func halfClosed() {
    isHalfClosed = true
    switch state {
    case .local(let conversation, let interaction): conversation.halfClosed(interaction)
    case .remote(let remote): remote.halfClosed()
    case .authorized: complete(.ok)
    case .authenticating, .over: break
    }
  }

  func drained() {}

  func ended(_ end: RPCEnd) {
    watchdog?.cancel()
    watchdog = nil
    leave()
    let was = state
    let answeredBy = answeredBy
    state = .over
    self.answeredBy = nil
    switch was {
    case .local(let conversation, let interaction): conversation.lost(interaction)
    case .remote(let remote): remote.lost()
    case .authenticating, .authorized, .over: break
    }
    if end == .completed, hasMessage, !call.isHalfClosed { gateway.metrics.statusesBeforeHalfClose.increment() }
    switch answeredBy {
    case .local(let conversation, let interaction):
      conversation.settled(interaction, isDelivered: end == .completed)
    case .remote(let remote): remote.settled(isDelivered: end == .completed)
    default: break
    }
  }

  // MARK: Completion

  func refuse(message error: any Error) { refuse(gateway.refusedMessage(error)) }

  /// Ends the RPC with an error; the conversation goes on without it.
  func refuse(_ status: RPCStatus) {
    gateway.refused(status, call: call)
    let was = state
    complete(status)
    switch was {
    case .local(let conversation, let interaction): conversation.lost(interaction)
    case .remote(let remote): remote.lost()
    default: break
    }
  }

  private func complete(_ status: RPCStatus, tellsDelivery: Bool = false) {
    guard !isOver else { return }
    if tellsDelivery { answeredBy = state }
    state = .over
    watchdog?.cancel()
    watchdog = nil
    // A status that waits for the client's half-close takes no place of a live RPC.
    leave()
    call.finish(status, lingering: tellsDelivery ? Self.lingering : .zero)
  }

  /// A client that gives the greeting up does so while it connects or fails over: within this time of the greeting.
  private static let lingering = Duration.milliseconds(100)

  private func leave() {
    guard isCounted else { return }
    isCounted = false
    gateway.leave()
  }

  private var isOver: Bool { if case .over = state { true } else { false } }

  // MARK: Time

  /// One timer an RPC, not one a message.
  private func watch(after time: Duration) {
    // Held strongly: the end of the call cancels it, and a weak reference would slow down every retain of the handler.
    watchdog = call.executor.schedule(after: time) { self.checkTime() }
  }

  private func checkTime() {
    watchdog = nil
    guard !isOver, !isHalfClosed else { return }
    guard hasMessage else {
      return refuse(RPCStatus(.deadlineExceeded, "no message came within \(gateway.limits.firstMessage)"))
    }
    let quiet = call.executor.now - lastMessage
    guard quiet < gateway.limits.betweenMessages else {
      return refuse(RPCStatus(.deadlineExceeded, "no message came for \(gateway.limits.betweenMessages)"))
    }
    watch(after: gateway.limits.betweenMessages - quiet)
  }
}

extension VoiceCallHandler: InteractionLine {
  func send(_ response: VoiceResponse) { send(encoded: response.encoded()) }

  func send(encoded response: [UInt8]) {
    guard !isOver else { return }
    if !call.send(response) {
      // The reader has stalled beyond every bound.
      refuse(RPCStatus(.resourceExhausted, "the answer is not being read"))
    }
  }

  func finish(_ status: RPCStatus, tellsDelivery: Bool) { complete(status, tellsDelivery: tellsDelivery) }
  func pause() { call.pauseReading() }
  func resume() { call.startReading() }
}
