import Basics
import Testing

@testable import GatewayConfiguration

@Suite("The configuration of a cluster")
struct ClusterConfigurationTests {
  private static func parse(_ cluster: String) throws -> Configuration {
    let fixture = try Fixture()
    defer { fixture.remove() }
    let text = "cluster: \(cluster)\nagents: [{id: a, engine: {kind: demo}}]"
    return try Configuration.parse(text, file: fixture.file).configuration
  }

  private static let whole = """
    {redis: "rediss://redis.example.com:6379", redis_ca: ca.pem, password_variable: REDIS, address: "10.0.0.5:50052",
     secret_file: admin.token, tls: {certificate: server.pem, key: server.key, ca: ca.pem, name: patchbay}, lease: 5s}
    """

  @Test("is read, and printed so that it can be read back; without it there is none")
  func read() throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    let text = "cluster: \(Self.whole)\nagents: [{id: a, engine: {kind: demo}}]"
    let configuration = try Configuration.parse(text, file: fixture.file).configuration
    let cluster = try #require(configuration.cluster)
    #expect(cluster.address == NetworkAddress(host: "10.0.0.5", port: 50052))
    #expect(cluster.redis == "rediss://redis.example.com:6379" && cluster.lease == .seconds(5))
    #expect(cluster.tls?.name == "patchbay" && cluster.password == .variable("REDIS"))
    let printed = configuration.yaml(relativeTo: "/")
    #expect(try Configuration.parse(printed, file: "/q.yaml").configuration == configuration)
    let without = try Configuration.parse("agents: [{id: a, engine: {kind: demo}}]", file: "p.yaml")
    #expect(without.configuration.cluster == nil)
  }

  @Test(
    "what cannot work is refused",
    arguments: [
      ("{address: \"10.0.0.5:50052\", secret_file: admin.token}", "`cluster.redis` is missing"),
      ("{redis: \"redis://r\", secret_file: admin.token}", "`cluster.address` is missing"),
      ("{redis: \"redis://r\", address: \"10.0.0.5:50052\"}", "have no secret"),
      ("{redis: \"http://r\", address: \"10.0.0.5:50052\", secret_file: admin.token}", "neither redis:// nor"),
      ("{redis: \"redis://:pw@r\", address: \"10.0.0.5:50052\", secret_file: admin.token}", "has a password"),
      ("{redis: \"redis://r\", address: \"0.0.0.0:50052\", secret_file: admin.token}", "no other server can reach"),
      (
        "{redis: \"redis://r\", redis_ca: ca.pem, address: \"10.0.0.5:50052\", secret_file: admin.token}",
        "no effect without TLS to Redis"
      ),
      ("{redis: \"redis://r\", address: \"10.0.0.5:50052\", secret_file: admin.token, lease: 1ms}", "lease"),
    ])
  func refused(_ cluster: String, _ message: String) throws {
    #expect { try Self.parse(cluster) } throws: { "\($0)".contains(message) }
  }

  @Test(
    "what may not be meant is warned of",
    arguments: [
      ("redis://redis.example.com", "127.0.0.1:50052", "no server of another machine"),
      ("redis://redis.example.com", "10.0.0.5:50052", "in plaintext"),
    ])
  func warned(_ redis: String, _ address: String, _ message: String) throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    let text = """
      cluster: {redis: "\(redis)", address: "\(address)", secret_file: admin.token}
      agents: [{id: a, engine: {kind: demo}}]
      """
    let warnings = try Configuration.parse(text, file: fixture.file).warnings.map { "\($0)" }
    #expect(warnings.contains { $0.contains(message) })
  }

  @Test("a secret that can be guessed, or does not fit a header, is not used")
  func secrets() throws {
    var cluster = Configuration.Cluster()
    cluster.secret = .variable("SECRET")
    for bad in ["short", "0123456789abcde\u{e9}", "0123456789 abcdef"] {
      #expect(throws: (any Error).self) { try cluster.readSecret(environment: ["SECRET": bad]) }
    }
    #expect(try cluster.readSecret(environment: ["SECRET": "0123456789abcdef\n"]) == "0123456789abcdef")
  }

  @Test("needs a restart")
  func restart() throws {
    let old = try Self.parse(Self.whole)
    var new = old
    new.cluster?.address.port = 50053
    #expect(ConfigurationChanges(from: old, to: new).needsRestart == ["cluster"])
    new.cluster = nil
    #expect(ConfigurationChanges(from: old, to: new).needsRestart == ["cluster"])
  }
}
