import AdminServer
import Basics
import BotEngines
import BrowserPhone
import CallGateway
import Certificates
import GRPCTransport
import GatewayConfiguration
import ReplayKit
import TokenVerification

/// The telephone of the admin port: a page whose calls go to the server's own gRPC port, as Webex's would.
struct PhoneParts: Sendable {
  let desk: PhoneDesk

  /// - Parameters:
  ///   - port: of the gRPC listener.
  init(
    _ configuration: Configuration, port: Int, identity: IdentityParts, gateway: VoiceGateway, loops: EventLoopGroup
  ) {
    let obstacle = Self.obstacle(configuration.listen)
    let voice = LocalVoice()
    desk = PhoneDesk(
      lines: PhoneLines(
        directory: {
          PhoneLines.Directory(
            tenants: Self.tenants(identity.acceptedTenants),
            agents: gateway.settings.agents.all.map {
              .init(
                id: $0.id, name: $0.name, isDefault: $0.isDefault, organizations: $0.organizations.map { $0.sorted() })
            }, needsToken: !identity.isDevelopment, obstacle: obstacle)
        },
        credentials: { organization, token throws(PhoneLines.PlacingError) in
          try Self.credentials(organization, token, identity)
        },
        route: { token throws(PhoneLines.PlacingError) in
          if let obstacle { throw PhoneLines.PlacingError(obstacle) }
          return CallRoute(
            target: "\(NetworkAddress(host: configuration.listen.address.ownHost, port: UInt16(clamping: port)))",
            security: try Self.security(configuration.listen), token: token)
        },
        loop: { loops.nextLoop() }, voice: voice.map { ($0.name, $0.speaking) },
        recordings: SpokenSamples.all.map { ($0.id, $0.words, $0.audio) }))
  }

  /// Puts the page and its socket on the admin port.
  func add(to admin: AdminServer) {
    admin.addPage("phone.html", at: "/phone")
    admin.addDetails({ [desk] in $0 == "directory" ? desk.directory : nil }, below: "phone")
    admin.addQuestion(desk.giveTicket, at: "/phone/ticket")
    admin.addSocket(desk.open, at: "/phone/socket")
  }

  /// Why this server cannot be called from here, if so.
  private static func obstacle(_ listen: Configuration.Listen) -> String? {
    guard listen.tls?.clientCA != nil else { return nil }
    return
      "This server accepts callers with a client certificate only (`listen.tls.client_ca`), and the phone has none."
  }

  /// Each organization once, by the name that it has first.
  private static func tenants(_ tenants: [Tenant]) -> [PhoneLines.Directory.Tenant] {
    var seen: Set<String> = []
    return tenants.filter { seen.insert($0.organization).inserted }
      .map { .init(organization: $0.organization, name: $0.name) }
  }

  private static func credentials(
    _ organization: String, _ given: String?, _ identity: IdentityParts
  ) throws(PhoneLines.PlacingError) -> (token: String, organization: String) {
    if let given, !given.isEmpty {
      guard given.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
        throw PhoneLines.PlacingError("This is no token: it is one word of letters, digits, - _ and .")
      }
      let claim = TokenInspection(given).lines.first { $0.name == TokenField.organization.rawValue }
      guard let claim else { throw PhoneLines.PlacingError("The token names no organization.") }
      return (given, claim.value)
    }
    guard identity.isDevelopment else {
      throw PhoneLines.PlacingError(
        """
        Others issue this server's tokens: paste one, or have the server make them with \
        `identity: {development: true}`.
        """)
    }
    let token: String?
    do { token = try identity.makeToken(organization: organization) } catch {
      throw PhoneLines.PlacingError("No token can be made: \(error).")
    }
    guard let token else { throw PhoneLines.PlacingError("There is no such tenant any more.") }
    return (token, organization)
  }

  /// Trusts the certificate of the server's own file and nothing else, under a name that it has.
  private static func security(
    _ listen: Configuration.Listen
  ) throws(PhoneLines.PlacingError) -> GRPCChannel.Security {
    guard let tls = listen.tls else { return .plaintext }
    do throws(CertificateError) {
      let own = try ServerCertificate(certificate: tls.certificate, key: tls.key, now: WallClock.now())
      let host = listen.address.ownHost
      let name = own.names.contains(host) ? nil : own.names.first?.replacing("*.", with: "phone.", maxReplacements: 1)
      return .tls(ClientTLS(rootsPEM: own.certificate, serverName: name))
    } catch { throw PhoneLines.PlacingError("The server's own certificate cannot be used: \(error).") }
  }
}

extension NetworkAddress {
  /// The host under which this machine reaches a port that listens here: a port of every address is a port of the loopback.
  var ownHost: String {
    switch host {
    case "0.0.0.0", "localhost": "127.0.0.1"
    case "::": "::1"
    default: host
    }
  }
}
