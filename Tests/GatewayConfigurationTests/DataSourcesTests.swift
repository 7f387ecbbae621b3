import DataSources
import Foundation
import Testing

@testable import GatewayConfiguration

@Suite("data_sources")
struct DataSourcesTests {
  private let folder: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "data-sources-\(UUID().uuidString)")
    folder = url.path
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    for name in ["secret", "token", "open"] {
      try Data("content-of-\(name)\n".utf8).write(to: url.appending(path: name))
      try FileManager.default.setAttributes(
        [.posixPermissions: name == "open" ? 0o640 : 0o600], ofItemAtPath: folder + "/" + name)
    }
  }

  private func text(_ sources: String?, tenant: String = "data_source: {}", url: String = "https://voice.example.com")
    -> String
  {
    """
    identity:
      tenants:
        - org: ce861fba-6e2f-49f9-9a84-b354008fac9e
          name: Example
          url: \(url)
          audience: ours
          \(tenant)
    \(sources.map { "data_sources: {\($0)}" } ?? "")
    agents: [{id: demo, engine: {kind: demo}}]
    """
  }

  private static let credentials = "client_id: id, client_secret_file: secret, refresh_token_file: token"

  private func load(_ text: String, environment: [String: String] = [:]) throws -> Configuration {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try Configuration.parse(text, file: folder + "/p.yaml", environment: environment).configuration
  }

  private func problems(_ text: String) -> String {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    do {
      _ = try Configuration.parse(text, file: folder + "/p.yaml")
      return ""
    } catch { return error.description }
  }

  @Test("Without it nothing is registered; with it and nothing more, the defaults are the documented ones")
  func defaults() throws {
    #expect(Configuration.demo.dataSources == nil)
    let configuration = try load(text(Self.credentials))
    let sources = try #require(configuration.dataSources)
    #expect(sources.baseURL == "https://webexapis.com/v1" && sources.domains.isEmpty && sources.lease == nil)
    #expect(sources.renewBefore == .seconds(3_600) && sources.check == .seconds(60))
    #expect(sources.form == DataSourceForm())
    let tenant = try #require(configuration.identity.tenants.first?.dataSource)
    #expect(tenant.isRegistered && tenant.lifetime == .seconds(86_400) && tenant.id == nil)
  }

  @Test("Every key is read, printed and read back; secrets are not in what is printed")
  func everyKey() throws {
    let written = text(
      "base_url: \"http://127.0.0.1:8090/v1\", domains: [Example.com], app_id: app, \(Self.credentials), "
        + "renew_before: 30m, check: 2m, form: {path: datasources, schema_id: list, lifetime: tokenLifeMinutes, "
        + "lifetime_as: text}, lease: {file: lease, expiry: 90s, announcement: 5s}",
      tenant: "data_source: {register: false, id: abc, lifetime: 2h, audience: ours, subject: me, "
        + "disabled_because: \"moving\", refresh_token_file: own}")
    let configuration = try Configuration.parse(written, file: folder + "/p.yaml").configuration
    let printed = configuration.yaml(relativeTo: "/")
    #expect(try load(printed) == configuration)
    #expect(!printed.contains("content-of"))
    #expect(configuration.dataSources?.lease?.expiry == .seconds(90))
    let form = try #require(configuration.dataSources?.form)
    #expect(
      form.path == .datasources && form.schema == .list && form.lifetime == .tokenLifeMinutes && form.number == .text)
    #expect(configuration.dataSources?.domains == ["example.com"])
    #expect(configuration.identity.tenants[0].dataSource?.refreshTokenFile == folder + "/own")
  }

  @Test("Every key can be a variable of the environment")
  func environment() throws {
    let configuration = try load(
      text(nil),
      environment: [
        "PATCHBAY_DATA_SOURCES_ACCESS_TOKEN_VARIABLE": "WEBEX_TOKEN", "PATCHBAY_DATA_SOURCES_DOMAINS": "example.com",
        "PATCHBAY_DATA_SOURCES_LEASE_FILE": "/shared/lease",
        "PATCHBAY_IDENTITY_TENANTS_0_DATA_SOURCE_LIFETIME": "30m",
      ])
    #expect(configuration.dataSources?.accessToken == .variable("WEBEX_TOKEN"))
    #expect(configuration.dataSources?.lease?.file == "/shared/lease")
    #expect(configuration.identity.tenants[0].dataSource?.lifetime == .seconds(1_800))
  }

  @Test(
    "What is wrong is said with its line and what to write",
    arguments: [
      (nil, "data_source: {}", "there is no `data_sources`"),
      ("client_id: id, client_secret_file: secret", "data_source: {}", "`data_sources.refresh_token_file` is missing"),
      ("\(Self.credentials), base_url: \"http://webexapis.com\"", "data_source: {}", "write an https URL"),
      ("\(Self.credentials), domains: [example.org]", "data_source: {}", "is in none of `data_sources.domains`"),
      ("\(Self.credentials), domains: [\"https://example.com\"]", "data_source: {}", "is not a domain"),
      ("\(Self.credentials), renew_befor: 1h", "data_source: {}", "did you mean `renew_before`?"),
      ("\(Self.credentials)", "data_source: {lifetime: 90s}", "whole minutes"),
      ("\(Self.credentials)", "data_source: {lifetime: 25h}", "from 1m to 1d"),
      ("\(Self.credentials)", "data_source: {audience: theirs}", "another audience"),
      ("\(Self.credentials)", "data_source: {refresh_token_file: own}", "cannot be made without `app_id`"),
      ("\(Self.credentials)", "data_source: {refresh_token_file: open}", "chmod 600"),
      ("client_id: id, client_secret_file: open, refresh_token_file: token", "data_source: {}", "chmod 600"),
      ("\(Self.credentials), access_token_variable: T", "data_source: {}", "keep one of the two"),
      ("\(Self.credentials), form: {schema_id: lists}", "data_source: {}", "did you mean list?"),
      ("\(Self.credentials), lease: {}", "data_source: {}", "it is not said where the lease is"),
      ("\(Self.credentials), lease: {file: lease, redis: true}", "data_source: {}", "the lease is in a file already"),
      ("\(Self.credentials), lease: {redis: true}", "data_source: {}", "there is no `cluster`"),
    ] as [(String?, String, String)])
  func mistakes(sources: String?, tenant: String, message: String) {
    let said = problems(text(sources, tenant: tenant))
    #expect(said.contains(message), "\(said)")
    #expect(said.contains("p.yaml:"))
  }
}
