import GRPCTransport
import Locking
import Logging
import Ownership
import Testing
import WebexProtocol

@testable import CallGateway

@Suite("A RelayService serves the conversations that are here to other replicas, and hands nothing on again")
struct RelayServiceTests {
  private let store = SaidStore()
  private let time = Locked(Duration.seconds(100))
  private let test: TestGateway
  private let service: RelayService

  init() throws {
    let cluster = try TestGateway.inCluster(store, time)
    test = cluster.test
    service = RelayService(
      gateway: test.gateway,
      link: ReplicaLink(keeper: cluster.keeper, network: cluster.network, secret: "0123456789abcdef"),
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  /// The headers of another replica's RPC, of which some are others.
  private func headers(_ changes: [String: String?] = [:]) -> [(String, String)] {
    var headers: [String: String?] = [
      RelayHeaders.relay: RelayHeaders.version, RelayHeaders.secret: "0123456789abcdef", RelayHeaders.owner: "a",
      RelayHeaders.epoch: "3", RelayHeaders.from: "10.0.0.2:50052", RelayHeaders.peer: "ipv4:198.51.100.7:1",
      RelayHeaders.organization: TestGateway.organization, RelayHeaders.tenant: "Acme",
    ]
    headers.merge(changes) { $1 }
    return headers.compactMap { name, value in value.map { (name, $0) } }
  }

  private func relayed(_ changes: [String: String?] = [:]) -> FakeRPC {
    let rpc = FakeRPC(test.loops, headers: headers(changes))
    rpc.begin { service.accept($0) }
    return rpc
  }

  private func asked(_ conversation: String, _ changes: [String: String?] = [:]) -> FakeRPC {
    let rpc = FakeRPC(test.loops, headers: headers(changes) + [(RelayHeaders.conversation, conversation)])
    rpc.begin { service.find($0) }
    return rpc
  }

  private func word(_ rpc: FakeRPC) -> String? { rpc.trailers.values(for: RelayHeaders.relay).first }

  private func greeted() throws {
    let call = try test.call()
    call.send(message: VoiceRequest.start)
    call.halfClose()
    test.answer("hello")
    call.end(.completed)
  }

  @Test("an RPC of a conversation that is here is accepted with an empty message, and is one of its own from there")
  func here() throws {
    try greeted()
    let rpc = relayed()
    rpc.send(message: VoiceRequest.of(.dtmf([.one])))
    rpc.halfClose()
    #expect(rpc.sent == [[]])
    test.answer("one")
    #expect(rpc.sent.count == 2 && rpc.status == .ok && word(rpc) == RelayHeaders.end)
    #expect(try VoiceResponse(decoding: rpc.sent[1]).prompts.first?.text == "one")
  }

  @Test("of one that is not here, nor may begin, the other replica is told so, and not its caller")
  func notHere() {
    let rpc = relayed()
    rpc.send(message: VoiceRequest.silence)
    #expect(word(rpc) == "not-owner" && rpc.status?.code == .aborted && rpc.sent.isEmpty)
    #expect(rpc.wasTurnedAway, "it is told at once, though its caller speaks on")
    #expect(test.gateway.liveConversations == 0 && store.claims.withLock { $0.isEmpty })
  }

  @Test(
    "without the secret, a version, an organization or our own incarnation nothing is read",
    arguments: [
      (RelayHeaders.secret, nil, "secret"), (RelayHeaders.secret, "0123456789abcdeg", "secret"),
      (RelayHeaders.relay, nil, "version"), (RelayHeaders.relay, "0", "version"),
      (RelayHeaders.organization, "", "version"), (RelayHeaders.owner, "b", "other-incarnation"),
    ])
  func refused(header: String, value: String?, why: String) throws {
    try greeted()
    let rpc = relayed([header: value])
    #expect(word(rpc) == why && rpc.status?.code == .aborted && !rpc.isReading)
    let question = asked("c-1", [header: value])
    #expect(word(question) == why && question.trailers.values(for: RelayHeaders.epoch).isEmpty)
  }

  @Test("a later version is served like this one")
  func later() throws {
    try greeted()
    let rpc = relayed([RelayHeaders.relay: "2"])
    rpc.send(message: VoiceRequest.of(.dtmf([.one])))
    #expect(rpc.sent == [[]])
  }

  @Test("whether a conversation is here is said with its epoch")
  func question() throws {
    try greeted()
    let found = asked("c-1")
    #expect(word(found) == RelayHeaders.end && found.status == .ok)
    #expect(found.trailers.values(for: RelayHeaders.epoch) == ["1"])
    #expect(word(asked("c-2")) == "not-owner")
    #expect(word(asked("c-1", [RelayHeaders.organization: "other"])) == "not-owner")
  }

  @Test("one that stood still does not say that it has not what it may have, until it has read that")
  func questionAfterPause() throws {
    try greeted()
    time.withLock { $0 += .seconds(20) }
    let question = asked("c-1")
    #expect(word(question) == nil && question.status?.code == .unavailable)
    #expect(word(asked("c-2")) == "not-owner")
  }

  @Test("a replica that ends has a conversation begun here (ConversationToTake), once the store gives it to us")
  func begun() throws {
    store.isSilent.withLock { $0 = true }
    let rpc = relayed([RelayHeaders.begin: "1"])
    rpc.send(message: VoiceRequest.start)
    rpc.halfClose()
    #expect(rpc.sent.isEmpty && test.gateway.liveConversations == 0)
    store.answer(.success(.own(OwnershipRecord(owner: Replica(address: "10.0.0.1:50052", incarnation: "a"), epoch: 1))))
    test.loops.settle()
    #expect(rpc.sent == [[]] && test.gateway.liveConversations == 1)
    test.answer("hello")
    #expect(try VoiceResponse(decoding: rpc.sent[1]).prompts.first?.text == "hello")
    #expect(rpc.status == .ok)
  }

  @Test("what another has is not begun here, and what is over is ended")
  func othersOrOver() throws {
    let other = OwnershipRecord(owner: Replica(address: "10.0.0.3:50052", incarnation: "c"), epoch: 2)
    store.answers.withLock { $0 = [.success(.other(other)), .success(.over(other))] }
    let others = relayed([RelayHeaders.begin: "1"])
    others.send(message: VoiceRequest.silence)
    #expect(word(others) == "not-owner" && others.sent.isEmpty)
    let over = relayed([RelayHeaders.begin: "1"])
    over.send(message: VoiceRequest.silence)
    #expect(word(over) == RelayHeaders.end && over.sent.count == 2)
    #expect(try VoiceResponse(decoding: over.sent[1]).events.map(\.kind) == [.sessionEnd])
    #expect(test.gateway.liveConversations == 0)
  }

  @Test("a store that does not answer in time keeps nobody waiting: the conversation begins")
  func slowStore() throws {
    store.isSilent.withLock { $0 = true }
    let rpc = relayed([RelayHeaders.begin: "1"])
    rpc.send(message: VoiceRequest.start)
    test.advance(by: OwnershipKeeper.patience)
    #expect(rpc.sent == [[]] && test.gateway.liveConversations == 1)
  }

  @Test("a RelayedRPC is the caller's: its address, its bounds, and what the other replica knows")
  func rpc() {
    let front = FakeRPC(test.loops, headers: headers([RelayHeaders.begin: "1"]))
    front.timeRemaining = .seconds(3)
    front.queuedBytes = 5
    let rpc = RelayedRPC(front)
    #expect(rpc.peer == "ipv4:198.51.100.7:1" && rpc.epoch == 3 && rpc.mayBegin && rpc.peerCertificate == nil)
    #expect(rpc.timeRemaining == .seconds(3) && rpc.queuedBytes == 5 && !rpc.isHalfClosed)
    let bare = RelayedRPC(FakeRPC(test.loops, headers: []))
    #expect(bare.peer == "ipv4:192.0.2.1:50000" && bare.epoch == 0 && !bare.mayBegin)
  }
}
