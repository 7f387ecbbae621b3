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
import WebSocketClient
import WebSockets

/// The telephone of the admin port: a page whose calls go to the server's own ports, as Webex's would.
struct PhoneParts: Sendable {
  let desk: PhoneDesk

  /// - Parameters:
  ///   - bound: the ports of the gRPC listener, and of the WebSocket listener where there is one.
  init(
    _ configuration: Configuration, bound: (grpc: Int, webSocket: UInt16?), identity: IdentityParts,
    gateway: VoiceGateway, loops: EventLoopGroup
  ) {
    let grpc = OwnPort(.grpc, configuration.listen.address, bound.grpc, configuration.listen.tls)
    let webSocket = configuration.webSocket.flatMap { socket in
      bound.webSocket.map { OwnPort(.webSocket, socket.address, Int($0), socket.tls) }
    }
    let ports = [grpc] + (webSocket.map { [$0] } ?? [])
    let voice = LocalVoice()
    desk = PhoneDesk(
      lines: PhoneLines(
        directory: {
          let tenants = Self.tenants(identity.acceptedTenants)
          return PhoneLines.Directory(
            tenants: tenants,
            agents: gateway.settings.agents.all.map {
              .init(
                id: $0.id, name: $0.name, isDefault: $0.isDefault, organizations: $0.organizations.map { $0.sorted() })
            }, needsToken: !identity.isDevelopment,
            lines: ports.map { port in
              let lacksTenant =
                identity.isDevelopment && !tenants.contains { $0.wires.contains(port.wire) }
                ? "No tenant has a data source of this port (`identity.tenants[].url`, `schemas`)." : nil
              return .init(wire: port.wire, obstacle: port.obstacle ?? lacksTenant)
            })
        },
        credentials: { wire, organization, token throws(PhoneLines.PlacingError) in
          _ = try Self.port(of: wire, among: ports)
          return try Self.credentials(wire, organization, token, identity)
        },
        route: { wire, token throws(PhoneLines.PlacingError) in
          try Self.port(of: wire, among: ports).route(token: token)
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

  private static func port(of wire: PhoneWire, among ports: [OwnPort]) throws(PhoneLines.PlacingError) -> OwnPort {
    guard let port = ports.first(where: { $0.wire == wire }) else {
      throw PhoneLines.PlacingError("This server has no such port: `websocket` has none in its configuration.")
    }
    if let obstacle = port.obstacle { throw PhoneLines.PlacingError(obstacle) }
    return port
  }

  /// Each organization once, by the name that it has first, with the wires of all its data sources.
  private static func tenants(_ tenants: [Tenant]) -> [PhoneLines.Directory.Tenant] {
    var places: [String: Int] = [:]
    var listed: [PhoneLines.Directory.Tenant] = []
    for tenant in tenants {
      let wires = PhoneWire.allCases.filter { tenant.schemas.contains($0.schema) }
      if let place = places[tenant.organization] {
        listed[place].wires += wires.filter { !listed[place].wires.contains($0) }
      } else {
        places[tenant.organization] = listed.count
        listed.append(.init(organization: tenant.organization, name: tenant.name, wires: wires))
      }
    }
    return listed
  }

  private static func credentials(
    _ wire: PhoneWire, _ organization: String, _ given: String?, _ identity: IdentityParts
  ) throws(PhoneLines.PlacingError) -> (token: String, organization: String) {
    if let given, !given.isEmpty {
      guard given.isVisibleASCII else {
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
    do { token = try identity.makeToken(organization: organization, schema: wire.schema) } catch {
      throw PhoneLines.PlacingError("No token can be made: \(error).")
    }
    guard let token else { throw PhoneLines.PlacingError("There is no such tenant for this port any more.") }
    return (token, organization)
  }
}

extension PhoneWire {
  /// The data source's schema that a token of this wire names.
  fileprivate var schema: SchemaID {
    switch self {
    case .grpc: .voiceVirtualAgent
    case .webSocket: .voiceVirtualAgentSocket
    }
  }
}
