import GRPCTransport
import Ownership
import WebexProtocol

extension ArrivingConversation {
  // MARK: What the store and other replicas say

  func claim(adopting epoch: UInt64?, onlyFinds: Bool, mayBegin: Bool) {
    if case .unowned = state {} else { state = .looking }
    claims += 1
    let (keeper, number) = (link.keeper, claims)
    let own = LoopBound(self, loop: loop)
    keeper.claim(
      key.ownershipKey, agent: agent, adopting: epoch, onlyFinds: onlyFinds, mayBegin: mayBegin, hangsUp: isHangUp
    ) { [key] answer in
      own.execute { arriving in
        arriving.claimed(answer, number)
        keeper.asked(key.ownershipKey)
      }
    }
    waitForStore()
  }

  /// The RPC waits for the store's word for some time, and the greater part of that for other replicas' too.
  private func waitForStore() {
    guard case .looking = state else { return }
    let number = claims
    patienceEnds = loop.now + OwnershipKeeper.patience
    timer?.cancel()
    timer = loop.schedule(after: ArrivalStateMachine.slowness) {
      guard self.isWaiting(number) else { return }
      self.waitOn()
      self.perform(self.machine.claimIsSlow())
    }
  }

  /// The rest of the time.
  private func waitOn() {
    guard case .looking = state else { return }
    let number = claims
    timer?.cancel()
    timer = loop.schedule(after: max(.zero, patienceEnds - loop.now)) {
      guard self.isWaiting(number) else { return }
      if self.machine.waitsForStore { self.link.keeper.isLate() }
      self.perform(self.machine.claimIsLate())
    }
  }

  private func isWaiting(_ number: Int) -> Bool { if case .looking = state { number == claims } else { false } }

  private func claimed(_ answer: Result<ClaimAnswer, OwnershipStoreError>, _ number: Int) {
    // The caller has gone while the store was asked, or somebody else has said whose the conversation is.
    if isOver || number != claims {
      if case .success(.own) = answer, gateway.registry.status(of: key) == nil { link.keeper.release(key.ownershipKey) }
      return
    }
    perform(machine.claimed(answer))
  }

  private var isOver: Bool { if case .over = state { true } else { false } }

  func ask(_ replica: Replica?) {
    if replica == nil, case .looking = state {
      // Where it is not a slow store that it asks for, the time begins.
      if loop.now >= patienceEnds { patienceEnds = loop.now + OwnershipKeeper.patience }
      waitOn()
    }
    PeerQuestion.ask(replica.map { [$0] } ?? link.others(most: PeerQuestion.most), for: key, by: link, on: loop) {
      self.perform(self.machine.answered($0))
    }
  }

  // MARK: A conversation that was begun without the store's word

  /// It is served here, or was answered; until all have said what they know, it may be called away.
  func isUnowned(_ taken: TakenMessages, number: Int?) {
    state = .unowned(taken, number: number)
    timer?.cancel()
    timer = loop.schedule(after: OwnershipKeeper.lateness + PeerQuestion.limit) {
      if case .unowned = self.state { self.end() }
    }
  }

  func confirm(_ epoch: UInt64) {
    if case .unowned(_, let number?) = state, gateway.registry.status(of: key)?.number == number {
      link.keeper.raise(key.ownershipKey, to: epoch)
    } else if gateway.registry.status(of: key) == nil {
      link.keeper.release(key.ownershipKey)
    }
    end()
  }

  /// Another has the conversation, and was first. Where the caller has heard nothing from here, the RPC goes on there
  /// with all that it has brought; else it ends as those of a conversation that was lost do.
  func handOver(to record: OwnershipRecord) {
    guard case .unowned(let taken, let number) = state else { return }
    isLeft = number == nil
    if let number {
      let status = gateway.registry.status(of: key)
      if status == nil {
        // The caller has hung up, or was transferred: it is over for its owner, too.
        isLeft = true
        kept = [hangUp]
        return relay(to: record)
      }
      guard let session = gateway.registry.find(key), status?.number == number,
        link.keeper.yield(key.ownershipKey, to: record)
      else { return end() }
      let mayGoOn = taken.isWhole && !taken.hasAnswered && (taken.isOver || call.takeBack(to: self))
      session.execute { $0.lostOwnership() }
      guard mayGoOn else { return end() }
      isLeft = taken.isOver
    }
    kept = taken.messages
    keptBytes = 0
    isHalfClosed = taken.isHalfClosed
    link.metrics.handedOver.increment()
    relay(to: record)
  }

  private var hangUp: [UInt8] {
    var request = VoiceRequest(
      conversationID: key.conversation, organizationID: key.organization, input: .event(.init(.sessionEnd)))
    request.agentID = agent
    return request.encoded()
  }
}
