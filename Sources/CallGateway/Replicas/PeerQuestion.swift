import GRPCTransport
import Ownership

/// Asks other replicas whether one of them has a conversation: all at once, and the first that has it counts. On a loop.
final class PeerQuestion {
  /// Replicas that are asked at once.
  static let most = 32
  /// Time for their answers.
  static let limit = Duration.seconds(1)

  private let replicas: [Replica]
  private var open: [ObjectIdentifier: (rpc: any OutgoingRPC, handler: PeerAnswer)] = [:]
  private var hasAnswer = false
  /// Who has it without the store's word: it has it only where nobody has it with that. Of several it is the one to which
  /// the others give way.
  private var unowned: Replica?
  private var done: ((ArrivalStateMachine.Found) -> Void)?

  private init(_ replicas: [Replica], _ done: @escaping (ArrivalStateMachine.Found) -> Void) {
    self.replicas = replicas
    self.done = done
  }

  /// Calls back once, and not before this has returned.
  static func ask(
    _ replicas: [Replica], for key: ConversationKey, by link: ReplicaLink, on loop: any LoopExecutor,
    _ done: @escaping (ArrivalStateMachine.Found) -> Void
  ) {
    let question = PeerQuestion(replicas, done)
    for replica in replicas {
      let handler = PeerAnswer(question, replica)
      let rpc = link.network.open(
        to: replica.address, path: RelayHeaders.findPath, headers: RelayHeaders.question(key, to: replica, by: link),
        deadline: limit, on: loop, handler: handler)
      guard let rpc else { continue }
      question.open[ObjectIdentifier(handler)] = (rpc, handler)
      rpc.halfClose()
    }
    if question.open.isEmpty { _ = loop.schedule(after: .zero) { question.settle() } }
  }

  fileprivate func ended(_ answer: PeerAnswer, _ trailers: Metadata) {
    open[ObjectIdentifier(answer)] = nil
    let word = trailers.values(for: RelayHeaders.relay).first
    if word != nil { hasAnswer = true }
    if word == RelayHeaders.end {
      let epoch = trailers.values(for: RelayHeaders.epoch).first.flatMap(UInt64.init) ?? 0
      if epoch > 0 { return finish(.has(OwnershipRecord(owner: answer.replica, epoch: epoch))) }
      if unowned.map({ answer.replica.address < $0.address }) ?? true { unowned = answer.replica }
    }
    settle()
  }

  /// Nobody is asked any more.
  private func settle() {
    guard open.isEmpty else { return }
    if let unowned { return finish(.has(OwnershipRecord(owner: unowned, epoch: 0))) }
    finish(hasAnswer || replicas.isEmpty ? .hasNot : .unreachable)
  }

  private func finish(_ found: ArrivalStateMachine.Found) {
    let (left, done) = (open, done)
    open = [:]
    self.done = nil
    for (rpc, _) in left.values { rpc.cancel() }
    done?(found)
  }
}

/// What one of them says.
private final class PeerAnswer: ClientCallHandler {
  private let question: PeerQuestion
  let replica: Replica

  init(_ question: PeerQuestion, _ replica: Replica) {
    self.question = question
    self.replica = replica
  }

  func received(_ bytes: UnsafeRawBufferPointer) {}
  func ended(_ status: RPCStatus, trailingMetadata: Metadata) { question.ended(self, trailingMetadata) }
}
