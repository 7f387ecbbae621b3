import Basics
import Foundation
import Testing

@testable import GatewayConfiguration

@Suite("The configuration of the WebSocket port")
struct WebSocketConfigurationTests {
  private static func text(_ webSocket: String, tenant: String = "") -> String {
    """
    websocket: \(webSocket)
    identity:
      tenants:
        - {org: ce861fba-6e2f-49f9-9a84-b354008fac9e, url: "https://voice.example.com"}
        - {org: ce861fba-6e2f-49f9-9a84-b354008fac9e, url: "wss://voice.example.com"\(tenant)}
    agents: [{id: a, engine: {kind: demo}}]
    """
  }

  @Test("is read, and printed so that it can be read back; without it there is no port")
  func read() throws {
    let configuration = try Configuration.parse(
      Self.text("{address: \"0.0.0.0:8443\", plaintext: true}"), file: "p.yaml"
    ).configuration
    #expect(configuration.webSocket?.address == NetworkAddress(host: "0.0.0.0", port: 8443))
    #expect(try Configuration.parse(configuration.yaml(relativeTo: "/"), file: "q.yaml").configuration == configuration)
    let without = try Configuration.parse("agents: [{id: a, engine: {kind: demo}}]", file: "p.yaml")
    #expect(without.configuration.webSocket == nil)
  }

  @Test("a wss:// URL is a data source of its own schema, unless it is told otherwise")
  func schemas() throws {
    let tenants = try Configuration.parse(Self.text("{}"), file: "p.yaml").configuration.identity.tenants
    #expect(tenants.map(\.usesSocket) == [false, true])
    #expect(
      tenants.map(\.schemas) == [
        ["5397013b-7920-4ffc-807c-e8a3e0a18f43"], ["a38a10b7-43e4-4676-a076-a7d6dce9387d"],
      ])
    let other = Self.text("{}", tenant: ", schemas: [523e1b7f-4693-47bc-b84e-a7b7a505fb0b]")
    #expect(
      try Configuration.parse(other, file: "p.yaml").configuration.identity.tenants[1].schemas
        == ["523e1b7f-4693-47bc-b84e-a7b7a505fb0b"])
  }

  @Test("plaintext beyond loopback has to be said")
  func plaintext() throws {
    for (refused, words) in [
      ("{address: \"0.0.0.0:8443\"}", "in plaintext on 0.0.0.0:8443"),
      ("{address: \"0.0.0.0:8443\", plaintext: false}", "without plaintext there has to be TLS"),
    ] {
      #expect { try Configuration.parse(Self.text(refused), file: "p.yaml") } throws: { "\($0)".contains(words) }
    }
  }

  @Test("with TLS it may be anywhere")
  func tls() throws {
    let folder = FileManager.default.temporaryDirectory.path
    let files = ["c", "k", "a"].map { "\(folder)/\(UUID().uuidString).\($0)" }
    for file in files {
      try Data().write(to: URL(fileURLWithPath: file))
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
    }
    defer { for file in files { try? FileManager.default.removeItem(atPath: file) } }
    let text = Self.text(
      "{address: \"0.0.0.0:443\", tls: {certificate: \(files[0]), key: \(files[1]), client_ca: \(files[2]), "
        + "client_names: [\"*.example.com\"]}}")
    let configuration = try Configuration.parse(text, file: "p.yaml").configuration
    let tls = try #require(configuration.webSocket?.tls)
    #expect([tls.certificate, tls.key, tls.clientCA] == files && tls.clientNames == ["*.example.com"])
    #expect(try Configuration.parse(configuration.yaml(relativeTo: "/"), file: "q.yaml").configuration == configuration)
  }
}
