import Testing

@testable import GatewayConfiguration

@Suite("Environment")
struct EnvironmentTests {
  private let base = "agents: [{id: a, engine: {kind: demo}}]\nlogging: {level: error}\n"

  @Test("a variable wins over the file")
  func overrides() throws {
    let configuration = try Configuration.parse(
      base, file: "p.yaml",
      environment: [
        "PATCHBAY_LISTEN_ADDRESS": "127.0.0.1:0", "PATCHBAY_LOGGING_LEVEL": "trace", "PATCHBAY_LISTEN_QUEUES": "3",
        "PATCHBAY_LISTEN_PLAINTEXT": "true", "PATCHBAY_LIMITS_CONVERSATIONS_PER_TENANT": "7",
        "PATCHBAY_AGENTS_0_SPEECH_END_SILENCE": "900ms", "PATCHBAY_AGENTS_0_NAME": "true", "HOME": "/",
      ]
    ).configuration
    #expect(configuration.listen.address.port == 0)
    #expect(configuration.logging.level == .trace)
    #expect(configuration.listen.queues == 3)
    #expect(configuration.limits.conversationsPerTenant == 7)
    #expect(configuration.agents[0].speech.endSilence == .milliseconds(900))
    #expect(configuration.agents[0].id == "a")
    #expect(configuration.agents[0].name == "true")
  }

  @Test("an empty file and variables alone make a whole configuration, lists by index")
  func alone() throws {
    let configuration = try Configuration.parse(
      "", file: "/dev/null",
      environment: [
        "PATCHBAY_AGENTS_0_ID": "one", "PATCHBAY_AGENTS_0_ENGINE_KIND": "demo",
        "PATCHBAY_AGENTS_1_ID": "two", "PATCHBAY_AGENTS_1_ENGINE_KIND": "demo", "PATCHBAY_AGENTS_1_DEFAULT": "true",
        "PATCHBAY_AGENTS_1_TENANTS": "ce861fba-6e2f-49f9-9a84-b354008fac9e",
        "PATCHBAY_IDENTITY_TENANTS_0_ORG": "ce861fba-6e2f-49f9-9a84-b354008fac9e",
        "PATCHBAY_IDENTITY_TENANTS_0_URL": "https://a", "PATCHBAY_IDENTITY_TENANTS_0_NONCES": "x, y",
        "PATCHBAY_IDENTITY_ISSUERS_0_ISSUER": "https://issuer.example",
      ]
    ).configuration
    #expect(configuration.agents.map(\.id) == ["one", "two"])
    #expect(configuration.agents.map(\.isDefault) == [false, true])
    #expect(configuration.agents[1].tenants == ["ce861fba-6e2f-49f9-9a84-b354008fac9e"])
    #expect(configuration.identity.tenants[0].nonces == ["x", "y"])
    #expect(configuration.identity.issuers.map(\.issuer) == ["https://issuer.example"])
  }

  @Test("an unknown variable is an error that names it and the one that was meant")
  func unknown() {
    #expect(
      problems(of: base, environment: ["PATCHBAY_LOGING_LEVEL": "info", "PATCHBAY_ZZZ": "1"]) == [
        "PATCHBAY_LOGING_LEVEL: no key of the configuration has this variable; did you mean PATCHBAY_LOGGING_LEVEL?",
        "PATCHBAY_ZZZ: no key of the configuration has this variable; remove it",
      ])
  }

  @Test("a bad value names its variable")
  func badValue() {
    let found = problems(
      of: base, environment: ["PATCHBAY_LISTEN_QUEUES": "many", "PATCHBAY_LISTEN_TLS_CERTIFICATE": "/none.pem"])
    #expect(found.count == 3)
    #expect(found.contains { $0.hasPrefix("PATCHBAY_LISTEN_QUEUES: `listen.queues` cannot be `many`; write") })
    #expect(found.contains { $0.hasPrefix("PATCHBAY_LISTEN_TLS_CERTIFICATE: `listen.tls.certificate`: /none.pem") })
    #expect(found.contains { $0.contains("`listen.tls.key` is missing") })
  }

  @Test("a gap in a list of variables is an error")
  func gap() {
    let found = problems(
      of: base, environment: ["PATCHBAY_AGENTS_2_ID": "c", "PATCHBAY_AGENTS_2_ENGINE_KIND": "demo"])
    #expect(found.contains { $0.hasPrefix("PATCHBAY_AGENTS_1: `agents[1].id` is missing") })
  }

  @Test("an empty variable counts as not set")
  func empty() {
    #expect(problems(of: base, environment: ["PATCHBAY_LISTEN_ADDRESS": ""]) == [])
  }

  @Test("what Kubernetes sets for a service called patchbay is not taken for configuration")
  func serviceLinks() {
    #expect(
      problems(
        of: base,
        environment: [
          "PATCHBAY_SERVICE_HOST": "10.0.0.1", "PATCHBAY_SERVICE_PORT": "50051", "PATCHBAY_SERVICE_PORT_GRPC": "50051",
          "PATCHBAY_PORT": "tcp://10.0.0.1:50051", "PATCHBAY_PORT_50051_TCP": "tcp://10.0.0.1:50051",
          "PATCHBAY_PORT_50051_TCP_PROTO": "tcp", "PATCHBAY_PORT_50051_TCP_PORT": "50051",
          "PATCHBAY_PORT_50051_TCP_ADDR": "10.0.0.1", "PATCHBAY_ADMIN_SERVICE_HOST": "10.0.0.2",
        ]) == [])
  }
}
