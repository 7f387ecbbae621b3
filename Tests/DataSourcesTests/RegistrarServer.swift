import TokenVerification
import WebexStandIn

@testable import DataSources

/// A registrar beside the stand-in, and a verifier that takes the nonces that it is told.
final class RegistrarServer: Sendable {
  let webex: Webex
  let registrar: Registrar
  let verifier: TokenVerifier
  let book = LogBook()

  init(
    _ webex: Webex, _ desired: DesiredRegistration = Webex.desired(), lease: any RenewalLease = SoleLease(),
    edit: (inout RenewalTiming) -> Void = { _ in }
  ) throws {
    self.webex = webex
    let issuer = "https://idbroker.webex.com/idb"
    let keys = try KeySet(
      parsing: webex.state.withLock {
        $0.platform.respond(to: .init(path: WebexPlatform.keySetPath), now: $0.now.wall).body
      })
    let verifier = TokenVerifier(
      policy: ClaimPolicy(
        issuers: [issuer],
        tenants: [try Tenant(organization: Webex.organization, name: "Example", url: Webex.url)]),
      keys: StaticKeySource([issuer: keys]))
    self.verifier = verifier
    let tenants = TenantDirectory(verifier)
    var timing = RenewalTiming()
    edit(&timing)
    registrar = Registrar(
      [.init(desired, client: webex.client())], lease: lease, timing: timing, now: { webex.now }, log: book.logger
    ) {
      tenants.accept(nonces: $0.nonces, organization: $0.organization, url: $0.url, isAll: $0.isAll)
    }
  }

  /// Lets time pass, second by second as far as there is something to do.
  func live(_ seconds: Int64) async {
    let end = webex.now.monotonic + .seconds(seconds)
    while webex.now.monotonic < end {
      let wake = await registrar.round()
      let wait = max(1, (min(wake, end) - webex.now.monotonic).components.seconds)
      webex.pass(wait)
    }
    _ = await registrar.round()
  }

  func takes(_ token: String?) -> Bool {
    guard let token else { return false }
    let outcome = verifier.verify(
      authorization: [token], schema: .exactly(.voiceVirtualAgent), now: webex.now.wall)
    if case .accepted = outcome { return true }
    return false
  }
}
