import BotEngine
import CallGateway
import GRPCTransport
import Logging
import ReplayKit
import TokenVerification

/// A server of one agent on loopback, and the loop that its callers live on: what a bot is tested in is what it will
/// run in.
final class TestServer: Sendable {
  let route: CallRoute
  let callers: EventLoopGroup
  private let loops: EventLoopGroup
  private let server: GRPCServer
  private let gateway: VoiceGateway

  init(_ agent: Agent, organization: String, log: Logger) throws {
    let issuer = try DevelopmentIssuer()
    let tenant = try Tenant(organization: organization, name: "Bot test", url: "http://localhost")
    let verifier = TokenVerifier(
      policy: ClaimPolicy(issuers: [issuer.issuer], tenants: [tenant]), keys: issuer.keySource)
    gateway = VoiceGateway(verifier: verifier, agents: AgentDirectory([agent]), log: log)
    loops = try EventLoopGroup(logger: log)
    callers = try EventLoopGroup(logger: log)
    server = GRPCServer(
      configuration: .init(
        listeners: [.init(address: "127.0.0.1:0", security: .plaintext)], maximumSendQueue: 4 << 20),
      loops: loops, methods: gateway.methods, logger: log)
    let port = try server.start().first ?? 0
    route = CallRoute(
      target: "127.0.0.1:\(port)", token: try issuer.mint(issuer.claims(for: tenant, lifetime: 86_400)))
  }

  /// Ends what is left of the calls, then everything.
  func shutdown() async {
    await callers.shutdown()
    await gateway.drain(limit: .zero, grace: nil)
    await server.shutdown(grace: .zero)
    await loops.shutdown()
  }
}
