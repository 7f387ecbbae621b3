import GRPCTransport
import Ownership
import TokenVerification
import WebexProtocol

/// An RPC of a conversation that is not here, until it is known where it belongs: then it is one of a conversation of
/// this replica, or is handed on to the owner, byte for byte, to its end. On the RPC's loop.
final class ArrivingConversation: SessionHost {
  enum State {
    /// Who has the conversation is being found out; the caller is not read meanwhile.
    case looking
    /// The owner has been called, and has not said yet that it accepts the RPC.
    case calling(any OutgoingRPC, OwnershipRecord, since: Duration)
    case relaying(any OutgoingRPC)
    /// It is served here, or was answered, without anybody's word: what is said later may still call it away.
    case unowned(TakenMessages, number: Int?)
    case over
  }

  /// How long an owner may take to accept an RPC.
  static let acceptanceTime = Duration.seconds(1)
  /// Bytes of a caller that are kept for the conversation until it is found; with the caller paused, one more message
  /// than the first is on its way.
  static let maximumKept = 262_144
  /// Bytes that wait on one side, from which the other is not read.
  private static let fullQueue = 131_072

  let call: SessionCall
  let gateway: VoiceGateway
  let link: ReplicaLink
  private let identity: Identity
  let key: ConversationKey
  let agent: String
  let isHangUp: Bool
  var machine: ArrivalStateMachine
  var state = State.looking
  var kept: [[UInt8]] = []
  var keptBytes = 0
  var isHalfClosed = false
  private var isFull = false
  var timer: LoopTimer?
  /// The latest claim; an earlier one's answer says nothing of it.
  var claims = 0
  /// Until when it waits for the store's word, and for other replicas'.
  var patienceEnds = Duration.zero
  /// How often another was asked to take the conversation.
  private var passes = 0
  /// The caller has gone.
  var isLeft = false
  /// Of the attempt to hand the RPC on that is under way.
  private var handler: RelayHandler?

  init(
    _ call: SessionCall, _ key: ConversationKey, agent: String, _ identity: Identity, _ kind: ArrivalStateMachine.Kind,
    isLeaving: Bool = false, of gateway: VoiceGateway, by link: ReplicaLink
  ) {
    self.call = call
    self.key = key
    self.agent = agent
    self.identity = identity
    self.gateway = gateway
    self.link = link
    isHangUp = kind == .end
    machine = ArrivalStateMachine(
      own: link.keeper.own, kind: identity.isRetired ? .end : kind, isLeaving: isLeaving,
      lease: link.keeper.settings.lease,
      now: call.loop.now)
  }

  var loop: any LoopExecutor { call.loop }

  // MARK: The caller

  func joined(_ line: any SessionLine) {
    perform(machine.begin(remembered: link.keeper.remembered(key.ownershipKey)))
  }

  func received(_ bytes: UnsafeRawBufferPointer, from rpc: RPCID) {
    switch state {
    case .looking, .calling:
      keptBytes += bytes.count
      guard keptBytes <= Self.maximumKept else {
        return call.refuse(RPCStatus(.resourceExhausted, "more came than may wait for the conversation's server"))
      }
      kept.append(Array(bytes))
      if case .calling(let rpc, _, _) = state { _ = rpc.send(bytes) }
      // Until it is known where this goes, nothing more is read.
      call.pause(for: Self.acceptanceTime)
    case .relaying(let rpc):
      guard rpc.send(bytes) else {
        return call.refuse(RPCStatus(.resourceExhausted, "the conversation's server does not keep up"))
      }
      if rpc.queuedBytes > Self.fullQueue { call.pause(for: Self.acceptanceTime) }
    case .unowned, .over: break
    }
  }

  func halfClosed(_ rpc: RPCID) {
    isHalfClosed = true
    switch state {
    case .calling(let rpc, _, _), .relaying(let rpc): rpc.halfClose()
    case .looking, .unowned, .over: break
    }
  }

  func left(_ rpc: RPCID, isDelivered: Bool) {
    isLeft = true
    switch state {
    case .calling(let rpc, _, _), .relaying(let rpc): rpc.cancel()
    case .unowned: return  // A hang-up that was answered: its conversation may yet be found.
    case .looking, .over: break
    }
    end()
  }

  func drained(_ rpc: RPCID) {
    guard isFull, case .relaying(let rpc) = state else { return }
    isFull = false
    rpc.startReading()
  }

  func end() {
    state = .over
    handler = nil
    kept = []
    timer?.cancel()
    timer = nil
    call.keepNothing()
  }

  // MARK: Where it belongs

  func perform(_ action: ArrivalStateMachine.Action) {
    if case .over = state { return }
    let keeper = link.keeper
    switch action {
    case .claim(let epoch, let onlyFinds, let mayBegin):
      claim(adopting: epoch, onlyFinds: onlyFinds, mayBegin: mayBegin)
    case .relay(let record): relay(to: record)
    case .ask(let replica): ask(replica)
    case .confirm(let epoch): confirm(epoch)
    case .handOver(let record): handOver(to: record)
    case .pass: pass()
    case .release: keeper.release(key.ownershipKey)
    case .askLease(let replica):
      let own = LoopBound(self, loop: loop)
      keeper.isAlive(replica) { answer in
        own.execute { $0.perform($0.machine.leaseAnswered(answer, now: $0.loop.now)) }
      }
    case .wait(let time):
      timer?.cancel()
      timer = loop.schedule(after: time) { self.perform(self.machine.waited()) }
    case .serve(let epoch, let turns, let isAdopted, let kept):
      serve(ConversationClaim(epoch: epoch, turns: turns, isAdopted: isAdopted, kept: KeptState(kept)))
    case .nobody: serve(nil)
    case .end:
      keeper.release(key.ownershipKey)
      end()
      call.answerOver()
    case .fail(let why):
      link.metrics.failed("no-owner")
      end()
      call.finish(RPCStatus(.unavailable, why), lingering: .zero)
    }
  }

  func perform(_ action: ArrivalStateMachine.Action?) { if let action { perform(action) } }

  /// The conversation is this replica's, or nobody's.
  private func serve(_ claim: ConversationClaim?) {
    let (kept, isHalfClosed) = (kept, isHalfClosed)
    let taken = (claim?.epoch ?? 0) == 0 && machine.isUnowned ? TakenMessages(kept, isHalfClosed: isHalfClosed) : nil
    end()
    guard let first = kept.first else { return }
    do {
      if let taken { isUnowned(taken, number: nil) }
      let session = try first.withUnsafeBytes { bytes in
        try gateway.conversation(for: call, first: bytes, identity, claim: claim ?? .nobody)
      }
      guard let session else { return }
      if let taken { isUnowned(taken, number: gateway.registry.status(of: key)?.number) }
      call.settle(session, kept, isHalfClosed: isHalfClosed, keeping: taken)
    } catch {
      end()
      if let claim, claim.epoch > 0 { link.keeper.release(key.ownershipKey) }
      call.refuse(error)
    }
  }

  // MARK: The owner

  /// This replica ends: another one is to take the conversation.
  private func pass() {
    let takers = link.takers
    guard !takers.isEmpty else { return perform(machine.nobodyTakes()) }
    passes += 1
    let place = (key.hashValue & 0xFFFF_FFFF) + passes
    let taker = OwnershipRecord(owner: takers[place % takers.count], epoch: 0)
    guard case .relay(let record) = machine.passed(to: taker) else { return }
    relay(to: record, mayBegin: true)
  }

  func relay(to record: OwnershipRecord, mayBegin: Bool = false) {
    let handler = RelayHandler(self)
    self.handler = handler
    let rpc = link.network.open(
      to: record.owner.address, path: RelayHeaders.path,
      headers: RelayHeaders.of(call, identity, to: record, mayBegin: mayBegin, by: link),
      deadline: isLeft ? nil : call.timeRemaining,
      on: loop, handler: handler)
    guard let rpc else { return failed(.unreachable) }
    state = .calling(rpc, record, since: loop.now)
    for message in kept { message.withUnsafeBytes { _ = rpc.send($0) } }
    if isHalfClosed || isLeft { rpc.halfClose() }
    timer?.cancel()
    timer = loop.schedule(after: Self.acceptanceTime) { self.tookTooLong() }
  }

  private func tookTooLong() {
    guard case .calling(let rpc, _, _) = state else { return }
    state = .looking
    rpc.cancel()
    failed(.unreachable)
  }

  private func failed(_ why: ArrivalStateMachine.RelayFailure) {
    timer?.cancel()
    timer = nil
    handler = nil
    state = .looking
    link.keeper.forget(key.ownershipKey)
    link.metrics.failed(why.rawValue)
    // Nobody waits for what is brought to the owner after its caller has gone.
    if isLeft { return end() }
    perform(machine.relayFailed(why))
  }

  func received(_ bytes: UnsafeRawBufferPointer, on handler: RelayHandler) {
    guard handler === self.handler else { return }
    switch state {
    case .calling(let rpc, let record, let since):
      // The owner has accepted the RPC.
      timer?.cancel()
      timer = nil
      state = .relaying(rpc)
      kept = []
      link.keeper.remember(record, of: key.ownershipKey)
      link.metrics.sent.increment()
      link.metrics.acceptance.recordNanoseconds((loop.now - since).nanoseconds)
      call.subject["relayed_to"] = "\(record.owner.address)"
      call.pause(for: .zero)
    case .relaying(let rpc):
      call.send(Array(bytes))
      guard call.queuedBytes > Self.fullQueue, !isFull else { return }
      isFull = true
      rpc.pauseReading()
    case .looking, .unowned, .over: break
    }
  }

  func drained(_ handler: RelayHandler) {
    if handler === self.handler, case .relaying = state { call.pause(for: .zero) }
  }

  func ended(_ handler: RelayHandler, _ status: RPCStatus, _ trailers: Metadata) {
    guard handler === self.handler else { return }
    let word = trailers.values(for: RelayHeaders.relay).first
    switch state {
    case .calling:
      if word == RelayHeaders.end {
        // It ended before it accepted anything: too many RPCs, for one.
        end()
        return call.finish(status, lingering: .zero)
      }
      failed(word.map { ArrivalStateMachine.RelayFailure(rawValue: $0) ?? .refused } ?? .unreachable)
    case .relaying:
      end()
      if word != nil { return call.finish(status, lingering: .zero) }
      link.metrics.failed("lost")
      call.finish(RPCStatus(.unavailable, "the connection to the conversation's server is lost"), lingering: .zero)
    case .looking, .unowned, .over: break
    }
  }
}
