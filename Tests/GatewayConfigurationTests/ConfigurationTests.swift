import Basics
import Foundation
import Secrets
import Testing
import YAMLReading

@testable import GatewayConfiguration

@Suite("Configuration")
struct ConfigurationTests {
  @Test("every key is read, and files are looked for beside the configuration")
  func full() throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    let loaded = try Configuration.parse(Fixture.full, file: fixture.file)
    let configuration = loaded.configuration
    #expect(loaded.warnings.isEmpty)
    #expect(configuration.listen.address == NetworkAddress(host: "0.0.0.0", port: 50051))
    #expect(configuration.listen.queues == 2)
    let tls = try #require(configuration.listen.tls)
    #expect(tls.certificate == fixture.folder + "/server.pem")
    #expect(tls.key == fixture.folder + "/server.key")
    #expect(tls.clientCA == fixture.folder + "/ca.pem")
    #expect(tls.clientNames == ["*.example.com", "orchestrator.example.org"])
    #expect(configuration.admin.address.description == "0.0.0.0:8080")
    #expect(
      configuration.admin.tls == .init(certificate: fixture.folder + "/server.pem", key: fixture.folder + "/admin.key")
    )
    #expect(configuration.admin.token == .file(fixture.folder + "/admin.token"))
    #expect(try configuration.admin.token?.read(environment: [:]) == "content of admin.token")
    #expect(configuration.identity.clockSkew == .seconds(45))
    #expect(
      configuration.identity.issuers == [
        .init(
          issuer: "https://idbroker.webex.com/idb",
          keysURL: "https://idbroker.webex.com/idb/oauth2/v2/keys/verificationjwk"),
        .init(issuer: "urn:test", keysURL: "http://127.0.0.1:9000/keys"),
      ])
    let tenant = try #require(configuration.identity.tenants.first)
    #expect(tenant.organization == "ce861fba-6e2f-49f9-9a84-b354008fac9e")
    #expect(tenant.name == "Example")
    #expect(tenant.url == "https://voice.example.com:443")
    #expect(tenant.audience == "patchbay")
    #expect(tenant.subject == "callAudioData")
    #expect(tenant.nonces == ["nonce-1", "nonce-2"])
    #expect(tenant.schemas == ["5397013b-7920-4ffc-807c-e8a3e0a18f43"])
    #expect(configuration.agents.map(\.id) == ["front-desk", "demo"])
    #expect(configuration.agents.map(\.isDefault) == [false, true])
    let agent = configuration.agents[0]
    #expect(agent.name == "Front desk")
    #expect(agent.tenants == ["ce861fba-6e2f-49f9-9a84-b354008fac9e"])
    #expect(agent.responses == .chunk)
    #expect(agent.engine == .scripted(script: fixture.folder + "/front-desk.yaml"))
    #expect(
      agent.filler == .init(sound: fixture.folder + "/hum.wav", after: .milliseconds(1500), repeats: true))
    #expect(
      agent.speech
        == .init(
          minimumSpeech: .milliseconds(120), minimumBargeIn: .milliseconds(250), echo: .ignore, endSilence: .seconds(1),
          adaptive: .init(
            minimum: .milliseconds(300), maximum: .milliseconds(1500), judge: fixture.folder + "/judge.bin"),
          eagerSilence: .milliseconds(300),
          preroll: .milliseconds(300), maximumUtterance: .seconds(120)))
    #expect(agent.isEager == false)
    #expect(agent.defaultFormat == .init(encoding: .alaw, sampleRate: 16_000))
    #expect(
      configuration.limits
        == .init(
          conversations: 50, conversationsPerTenant: 20, idle: .seconds(300), statusHold: .milliseconds(500),
          lostAfter: .seconds(30), lag: .milliseconds(250), memory: 512 << 20))
    #expect(configuration.recording == .init(isEnabled: false, directory: fixture.folder + "/recordings"))
    #expect(configuration.logging == .init(level: .debug, format: .text))
    #expect(configuration.shutdown == .init(drain: .seconds(30), grace: .seconds(5)))
    #expect(!configuration.isDemo)
  }

  @Test("what is left out has the documented defaults; the first agent is the default one")
  func defaults() throws {
    let loaded = try Configuration.parse("agents: [{id: a, engine: {kind: demo}}]", file: "p.yaml")
    let configuration = loaded.configuration
    #expect(configuration.listen.address.description == "127.0.0.1:50051")
    #expect(configuration.listen.tls == nil)
    #expect(configuration.listen.queues == 1)
    #expect(configuration.admin == .init(address: .init(host: "127.0.0.1", port: 8080), token: nil))
    #expect(configuration.identity.issuers.count == 10)
    #expect(configuration.identity.issuers.allSatisfy { $0.keysURL.hasSuffix("/idb/oauth2/v2/keys/verificationjwk") })
    #expect(configuration.identity.clockSkew == .seconds(30))
    #expect(configuration.agents[0].isDefault)
    #expect(configuration.agents[0].name == "a")
    #expect(configuration.agents[0].responses == .wav)
    #expect(
      configuration.agents[0].speech
        == .init(
          minimumSpeech: .milliseconds(100), minimumBargeIn: .milliseconds(300), endSilence: .milliseconds(700),
          eagerSilence: .milliseconds(240),
          preroll: .milliseconds(400), maximumUtterance: .seconds(60)))
    #expect(configuration.agents[0].defaultFormat == .init(encoding: .mulaw, sampleRate: 8_000))
    #expect(
      configuration.limits
        == .init(
          conversations: 2_000, conversationsPerTenant: 1_000, idle: .seconds(600), statusHold: .seconds(1),
          lostAfter: .seconds(60), lag: .milliseconds(100), memory: nil))
    #expect(configuration.recording == .init(isEnabled: false, directory: nil))
    #expect(configuration.logging == .init(level: .info, format: .json))
    #expect(configuration.shutdown == .init(drain: .seconds(120), grace: .seconds(10)))
    #expect(loaded.warnings.map(\.message) == ["no tenant is listed: every call will be refused"])
  }

  @Test(
    "an admin port beyond loopback without TLS is warned of, unless it is meant so",
    arguments: [("", true), ("plaintext: true, ", false), ("tls: {certificate: server.pem, key: server.key}, ", false)])
  func plaintextAdmin(keys: String, warns: Bool) throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    let text = """
      admin: {address: "10.0.0.1:8080", \(keys)token_file: admin.token}
      identity: {tenants: [{org: ce861fba-6e2f-49f9-9a84-b354008fac9e, name: A, url: "https://a.example.com"}]}
      agents: [{id: a, engine: {kind: demo}}]
      """
    let warnings = try Configuration.parse(text, file: fixture.file).warnings.map(\.message)
    #expect(
      warnings.contains { $0.hasPrefix("without TLS, the admin token") } == warns && warnings.count == (warns ? 1 : 0))
  }

  @Test("without a file there is the demo: loopback, one agent, no tenant, no warning")
  func demo() throws {
    let loaded = try Configuration.load(file: nil, environment: [:])
    #expect(loaded.configuration == Configuration.demo)
    #expect(loaded.configuration.isDemo)
    #expect(loaded.configuration.agents.map(\.id) == ["demo"])
    #expect(loaded.configuration.listen.address.isLoopback)
    #expect(loaded.configuration.admin.address.isLoopback)
    #expect(loaded.warnings.isEmpty)
  }

  @Test("the demo refuses to listen beyond loopback", arguments: ["PATCHBAY_LISTEN_ADDRESS", "PATCHBAY_ADMIN_ADDRESS"])
  func demoBeyondLoopback(variable: String) {
    #expect {
      _ = try Configuration.load(file: nil, environment: [variable: "0.0.0.0:1"])
    } throws: { error in
      (error as? ConfigurationError)?.description.contains("\(variable): the demo listens on loopback only") ?? false
    }
  }

  @Test("`identity.development` needs no tenant and no issuer, warns, and reads back as it is printed")
  func development() throws {
    let loaded = try Configuration.parse(
      "identity: {development: true}\nagents: [{id: a, engine: {kind: demo}}]", file: "p.yaml")
    #expect(loaded.configuration.identity.isDevelopment && !loaded.configuration.isDemo)
    #expect(loaded.configuration.identity.issuers.isEmpty)
    #expect(loaded.warnings.count == 1 && loaded.warnings[0].message.contains("`identity.development` is on"))
    let printed = loaded.configuration.yaml(relativeTo: "/")
    #expect(printed.contains("development: true") && !printed.contains("issuers"))
    #expect(try Configuration.parse(printed, file: "q.yaml").configuration == loaded.configuration)
    #expect(Configuration.demo.identity.isDevelopment)
  }

  @Test(
    "`identity.development` is for loopback alone, and beside no other issuer",
    arguments: [
      ("listen: {address: '0.0.0.0:1', plaintext: true}", "p.yaml:3:19: with `identity.development` the server is on"),
      ("admin: {address: '0.0.0.0:1', token_variable: T}", "the server is on loopback only, not on 0.0.0.0:1"),
      ("data_sources: {client_id: a, client_secret_variable: S, refresh_token_file: /dev/null}", "no data source"),
    ])
  func developmentElsewhere(text: String, problem: String) {
    #expect {
      _ = try Configuration.parse(
        "identity: {development: true}\nagents: [{id: a, engine: {kind: demo}}]\n\(text)", file: "p.yaml")
    } throws: { error in
      "\(error)".contains(problem)
    }
    #expect {
      _ = try Configuration.parse(
        "identity: {development: true, issuers: [{issuer: 'https://a.example.com'}]}\nagents: [{id: a, engine: {kind: demo}}]",
        file: "p.yaml")
    } throws: { error in
      "\(error)".contains("no other issuer's tokens are accepted")
    }
  }

  @Test("what is printed reads back as the same configuration")
  func roundTrip() throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    for text in [Fixture.full, "agents: [{id: \"no\", name: \"a: \\\"b\\\" # c\", engine: {kind: demo}}]"] {
      let configuration = try Configuration.parse(text, file: fixture.file).configuration
      let printed = configuration.yaml(relativeTo: "/")
      var again = try Configuration.parse(printed, file: "elsewhere/printed.yaml").configuration
      if !again.identity.tenants.isEmpty { again.identity.tenants[0].nonces = ["nonce-1", "nonce-2"] }
      if !again.identity.revoked.isEmpty { again.identity.revoked[0].nonce = "nonce-0" }
      #expect(again == configuration)
      #expect(again.yaml(relativeTo: "/") == printed)
    }
  }

  @Test("S6: what is printed holds no secret")
  func masked() throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    let configuration = try Configuration.parse(Fixture.full, file: fixture.file).configuration
    let printed = configuration.yaml(relativeTo: "/")
    #expect(!printed.contains("nonce-1") && !printed.contains("nonce-0"))
    #expect(!printed.contains("content of"))
    #expect(printed.contains("nonces: [\"********\", \"********\"]"))
  }

  @Test("a relative path is printed with the folder it is relative to")
  func printedPaths() throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    var configuration = try Configuration.parse(Fixture.full, file: fixture.file).configuration
    configuration.listen.tls?.certificate = "etc/server.pem"
    #expect(configuration.yaml(relativeTo: "/srv").contains("certificate: \"/srv/etc/server.pem\""))
  }

  @Test(
    "S6: a secret's file that others can read or write is refused, with what to do",
    arguments: [("server.key", 0o644, "5:10"), ("server.key", 0o640, "5:10"), ("admin.token", 0o602, "11:15")])
  func openSecret(name: String, mode: Int, place: String) throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    let path = fixture.folder + "/" + name
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    #expect {
      _ = try Configuration.parse(Fixture.full, file: fixture.file)
    } throws: { error in
      let problems = (error as? ConfigurationError)?.problems.map(\.description) ?? []
      return problems.count == 1 && problems[0].contains(":\(place): ") && problems[0].hasSuffix("; chmod 600 \(path)")
    }
    try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: path)
    #expect(throws: Never.self) { _ = try Configuration.parse(Fixture.full, file: fixture.file) }
  }

  @Test("S6: a secret is not read from a file that has been opened to others meanwhile")
  func secretThatOpened() throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    let path = fixture.folder + "/admin.token"
    #expect(try Secret.file(path).read(environment: [:]) == "content of admin.token")
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
    #expect {
      _ = try Secret.file(path).read(environment: [:])
    } throws: { "\($0)".contains("chmod 600") }
  }

  @Test("a file is read from disk; a missing one, a folder and a huge one are errors")
  func loading() throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    try Data(Fixture.full.utf8).write(to: URL(filePath: fixture.file))
    #expect(try Configuration.load(file: fixture.file, environment: [:]).configuration.agents.count == 2)
    let huge = fixture.folder + "/huge.yaml"
    try Data(repeating: 0x23, count: Configuration.maximumFileSize + 1).write(to: URL(filePath: huge))
    for (path, reason) in [
      (fixture.folder + "/none.yaml", "cannot be read (No such file or directory)"),
      (fixture.folder, "cannot be read (Is a directory)"), (huge, "is over 1 MiB"),
    ] {
      #expect {
        _ = try Configuration.load(file: path, environment: [:])
      } throws: { error in
        (error as? ConfigurationError)?.description.contains("\(path): \(reason)") ?? false
      }
    }
  }

  @Test("a secret comes from its file or variable, trimmed; errors never show it")
  func secrets() throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    let path = fixture.folder + "/secret"
    try Data(" s3cret \r\n".utf8).write(to: URL(filePath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    #expect(try Secret.file(path).read(environment: [:]) == "s3cret")
    #expect(try Secret.variable("TOKEN").read(environment: ["TOKEN": "abc\n"]) == "abc")
    #expect(throws: Secret.ReadingError.self) { try Secret.variable("TOKEN").read(environment: [:]) }
    #expect(throws: Secret.ReadingError.self) { try Secret.variable("TOKEN").read(environment: ["TOKEN": " "]) }
    #expect(throws: Secret.ReadingError.self) { try Secret.file(path + ".none").read(environment: [:]) }
    try Data(repeating: 65, count: 5_000).write(to: URL(filePath: path))
    #expect {
      _ = try Secret.file(path).read(environment: [:])
    } throws: { error in !"\(error)".contains("AAAA") }
  }
}
