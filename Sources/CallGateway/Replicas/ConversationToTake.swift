import GRPCTransport
import Ownership
import TokenVerification
import WebexProtocol

/// Stands for a conversation that another replica, which ends, does not begin or go on with: this one does, where
/// nobody else has it. On the RPC's loop.
final class ConversationToTake: SessionHost {
  private let call: SessionCall
  private let rpc: RelayedRPC
  private let key: ConversationKey
  private let agent: String
  private let identity: Identity
  private let gateway: VoiceGateway
  private let link: ReplicaLink
  private var kept: [[UInt8]] = []
  private var isHalfClosed = false
  private var isOver = false
  private var timer: LoopTimer?

  init(
    _ call: SessionCall, _ rpc: RelayedRPC, _ key: ConversationKey, agent: String, _ identity: Identity,
    of gateway: VoiceGateway, by link: ReplicaLink
  ) {
    self.call = call
    self.rpc = rpc
    self.key = key
    self.agent = agent
    self.identity = identity
    self.gateway = gateway
    self.link = link
  }

  func joined(_ line: any SessionLine) {
    let own = LoopBound(self, loop: call.loop)
    link.keeper.claim(key.ownershipKey, agent: agent, adopting: nil, onlyFinds: false) { [link, key] answer in
      own.execute { host in
        host.claimed(answer)
        link.keeper.asked(key.ownershipKey)
      }
    }
    timer = call.loop.schedule(after: OwnershipKeeper.patience) {
      self.link.keeper.isLate()
      self.begin(ConversationClaim(epoch: 0, turns: 0, isAdopted: false))
    }
  }

  func received(_ bytes: UnsafeRawBufferPointer, from rpc: RPCID) {
    guard kept.count < 16 else { return call.refuse(RPCStatus(.resourceExhausted, "more came than may wait")) }
    kept.append(Array(bytes))
    call.pause(for: .seconds(1))
  }

  func halfClosed(_ rpc: RPCID) { isHalfClosed = true }

  func left(_ rpc: RPCID, isDelivered: Bool) { end() }

  private func end() {
    isOver = true
    timer?.cancel()
    timer = nil
  }

  private func claimed(_ answer: Result<ClaimAnswer, OwnershipStoreError>) {
    guard !isOver else {
      if case .success(.own(let record)) = answer {
        // It has begun meanwhile, or its caller has gone.
        if gateway.registry.status(of: key) == nil {
          link.keeper.release(key.ownershipKey)
        } else {
          link.keeper.raise(key.ownershipKey, to: record.epoch)
        }
      }
      return
    }
    switch answer {
    case .success(.own(let record)):
      begin(
        ConversationClaim(
          epoch: record.epoch, turns: record.turns, isAdopted: record.isAdopted, kept: KeptState(record.kept)))
    case .success(.over):
      end()
      link.keeper.release(key.ownershipKey)
      rpc.accept()
      call.answerOver()
    case .success(.other), .success(.nobody), .success(.unknown):
      end()
      rpc.refuse(ArrivalStateMachine.RelayFailure.notOwner.rawValue)
    case .failure: begin(ConversationClaim(epoch: 0, turns: 0, isAdopted: false))
    }
  }

  private func begin(_ claim: ConversationClaim) {
    end()
    guard let first = kept.first else { return }
    do {
      let session = try first.withUnsafeBytes { bytes in
        try gateway.conversation(for: call, first: bytes, identity, claim: claim)
      }
      guard let session else { return }
      rpc.accept()
      link.metrics.received.increment()
      call.settle(session, kept, isHalfClosed: isHalfClosed)
    } catch {
      if claim.epoch > 0 { link.keeper.release(key.ownershipKey) }
      call.refuse(error)
    }
  }
}
