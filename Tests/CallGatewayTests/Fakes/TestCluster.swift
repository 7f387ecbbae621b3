import Locking
import Logging
import Ownership
import SpeechDetection
import WebexProtocol

@testable import CallGateway

extension TestGateway {
  /// The gateway of one replica, whose ways to the others and to the store are the test's.
  static func inCluster(
    _ store: SaidStore, _ time: Locked<Duration>, at address: String = "10.0.0.1:50052", others: [Replica] = [],
    bot: PuppetBot = PuppetBot(),
    conversation: ConversationStateMachine.Settings = .init(), speech: EndpointingSettings = .init()
  ) throws -> (test: TestGateway, network: FakeNetwork, keeper: OwnershipKeeper) {
    let loops = ManualLoops(1)
    let network = FakeNetwork(loops)
    let keeper = OwnershipKeeper(
      Replica(address: address, incarnation: "a"), store: store,
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: { time.withLock { $0 } })
    let link = ReplicaLink(keeper: keeper, network: network, secret: "0123456789abcdef")
    link.know { others.map { KnownReplica($0, takesCalls: true) } }
    let test = try TestGateway(loops: loops, bot: bot, conversation: conversation, speech: speech, replicas: link)
    return (test, network, keeper)
  }
}
