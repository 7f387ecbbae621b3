import GRPCTransport
import Locking
import Ownership

@testable import CallGateway

/// The way to other replicas, in memory: the test is the owner at its other end.
///
/// `@unchecked Sendable`: the test's thread alone touches it, as it does all of ``ManualLoops``.
final class FakeNetwork: RelayNetwork, @unchecked Sendable {
  /// One RPC to an owner: what it was sent is noted, what it says is called.
  final class Link: OutgoingRPC {
    let address: String
    let path: String
    let headers: Metadata
    let deadline: Duration?
    private let loops: ManualLoops
    private let loop: any LoopExecutor
    private var handler: (any ClientCallHandler)?
    private(set) var sent: [[UInt8]] = []
    private(set) var notes: [String] = []
    var queuedBytes = 0

    fileprivate init(
      _ address: String, _ path: String, _ headers: Metadata, _ deadline: Duration?, _ loops: ManualLoops,
      _ loop: any LoopExecutor,
      _ handler: any ClientCallHandler
    ) {
      self.address = address
      self.path = path
      self.headers = headers
      self.deadline = deadline
      self.loops = loops
      self.loop = loop
      self.handler = handler
    }

    func send(_ message: UnsafeRawBufferPointer) -> Bool {
      sent.append(Array(message))
      return true
    }

    func halfClose() { notes.append("half-closed") }
    func cancel() { notes.append("cancelled") }
    func startReading() { notes.append("reading") }
    func pauseReading() { notes.append("paused") }

    // MARK: The owner

    private func run(_ work: () -> Void) {
      guard let loop = loop as? ManualLoop else { return }
      loops.run(on: loop, work)
    }

    func answer(_ message: [UInt8]) { run { message.withUnsafeBytes { handler?.received($0) } } }
    func accept() { answer([]) }
    func drain() { run { handler?.drained() } }

    /// The RPC ends; with what the owner says of it, unless the connection is lost.
    func end(_ status: RPCStatus, _ word: String?, epoch: Int? = nil) {
      run {
        var trailers = Metadata(word.map { [("x-patchbay-relay", $0)] } ?? [])
        if let epoch { trailers.add("x-patchbay-epoch", "\(epoch)") }
        handler?.ended(status, trailingMetadata: trailers)
        handler = nil
      }
    }
  }

  private let loops: ManualLoops
  private(set) var links: [Link] = []

  init(_ loops: ManualLoops) { self.loops = loops }

  func open(
    to address: String, path: String, headers: Metadata, deadline: Duration?, on loop: any LoopExecutor,
    handler: any ClientCallHandler
  ) -> (any OutgoingRPC)? {
    let link = Link(address, path, headers, deadline, loops, loop, handler)
    links.append(link)
    return link
  }
}

/// A store that says what the test has set.
final class SaidStore: OwnershipStore {
  let answers = Locked<[Result<ClaimAnswer, OwnershipStoreError>]>([])
  let claims = Locked<[OwnershipClaim]>([])
  let released = Locked<[String]>([])
  let handedOut = Locked<[String]>([])
  let renewed = Locked<[OwnershipRecord?]>([])
  /// Records that were renewed or handed out, in order.
  let written = Locked<[OwnershipRecord]>([])
  let isLeaseRunning = Locked(true)
  /// Claims that are not answered until the test does.
  let isSilent = Locked(false)
  private let unanswered = Locked<[@Sendable (Result<ClaimAnswer, OwnershipStoreError>) -> Void]>([])

  /// Answers the claim that has waited for the longest.
  func answer(_ answer: Result<ClaimAnswer, OwnershipStoreError>) {
    unanswered.withLock { $0.isEmpty ? nil : $0.removeFirst() }?(answer)
  }

  func claim(
    _ claim: OwnershipClaim, within: Duration,
    _ done: @escaping @Sendable (Result<ClaimAnswer, OwnershipStoreError>) -> Void
  ) {
    claims.withLock { $0.append(claim) }
    if isSilent.withLock({ $0 }) { return unanswered.withLock { $0.append(done) } }
    let answer = answers.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    done(answer ?? .success(.own(OwnershipRecord(owner: claim.claimant, epoch: (claim.adopting ?? 0) + 1))))
  }

  func renew(
    _ records: [(key: String, record: OwnershipRecord)], fencing: Bool, within: Duration,
    _ done: @escaping @Sendable (Result<[OwnershipRecord?], OwnershipStoreError>) -> Void
  ) {
    written.withLock { $0 += records.map(\.record) }
    let said = renewed.withLock { $0 }
    done(.success(said.isEmpty ? records.map(\.record) : said))
  }

  func release(_ key: String, by owner: Replica) { released.withLock { $0.append(key) } }
  func handOut(_ key: String, _ record: OwnershipRecord) {
    handedOut.withLock { $0.append(key) }
    written.withLock { $0.append(record) }
  }
  func beat(
    _ replica: Replica, lease: Duration, within: Duration,
    _ done: @escaping @Sendable (Result<Void, OwnershipStoreError>) -> Void
  ) { done(.success(())) }
  func isAlive(
    _ replica: Replica, within: Duration, _ done: @escaping @Sendable (Result<Bool, OwnershipStoreError>) -> Void
  ) { done(.success(isLeaseRunning.withLock { $0 })) }
  func leave(_ replica: Replica) {}
}
