import BotEngine
import GRPCTransport
import Testing

@testable import BotEngines

@Suite("Why a bot's RPC ended is told by its kind, and never in the bot's own words")
struct BotFailureStatusTests {
  @Test(arguments: [
    (RPCStatus.ok, true, BotFailure.Kind.closed), (RPCStatus(.unavailable, "x"), false, .unreachable),
    (RPCStatus(.unavailable, "x"), true, .closed), (RPCStatus(.unauthenticated, "x"), false, .refused),
    (RPCStatus(.unimplemented, "x"), false, .refused), (RPCStatus(.unknown, "x"), true, .closed),
    (RPCStatus(.resourceExhausted, "the server sent a message of 5000000 bytes"), true, .flooded),
    (RPCStatus(.resourceExhausted, "x"), true, .closed),
  ])
  func kinds(status: RPCStatus, hasHeard: Bool, kind: BotFailure.Kind) {
    #expect(BotFailure(status, hasHeard: hasHeard).kind == kind)
  }

  @Test func words() {
    for code in RPCStatus.Code.allCases {
      #expect(!BotFailure(RPCStatus(code, "the caller said 4711"), hasHeard: false).message.contains("4711"))
    }
    let refused = "failed to connect to all addresses; last error: Connection refused"
    #expect(BotFailure(RPCStatus(.unavailable, refused), hasHeard: false).message == refused)
    var ours = RPCStatus(.unavailable, "it floods")
    ours.isOfConnection = true
    #expect(BotFailure(ours, hasHeard: false) == BotFailure(.unreachable, "it floods"))
    #expect(BotFailure(ours, hasHeard: true) == BotFailure(.closed, "it floods"))
  }

  @Test("an RPC is tried again where the connection may be made a moment later, not where nobody listens")
  func mayPass() {
    func mayPass(_ status: RPCStatus) -> Bool { BotFailure(status, hasHeard: false).mayPass }
    #expect(!mayPass(RPCStatus(.unavailable, "failed to connect to all addresses; last error: Connection refused")))
    #expect(mayPass(RPCStatus(.unavailable, "failed to connect to all addresses; last error: Socket closed")))
    #expect(mayPass(RPCStatus(.unavailable, "x")))
    #expect(!mayPass(RPCStatus(.unimplemented)) && !mayPass(.ok))
  }

  @Test("only an end in good order lets the bot be heard out")
  func order() {
    #expect(BotFailure(.ok, hasHeard: true).isInOrder)
    for code in RPCStatus.Code.allCases where code != .ok {
      #expect(!BotFailure(RPCStatus(code), hasHeard: true).isInOrder)
    }
  }
}
