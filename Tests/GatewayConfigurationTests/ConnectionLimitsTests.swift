import Testing

@testable import GatewayConfiguration

@Suite("limits.connections")
struct ConnectionLimitsTests {
  @Test("the machine itself is trusted unless the file says otherwise")
  func defaults() throws {
    let connections = try Configuration.parse(Configuration.demoText, file: "p.yaml").configuration.limits.connections
    #expect(connections.open == 2_000 && connections.perSource == 64 && connections.perSecond == 100)
    #expect(connections.trusted.map(\.description) == ["127.0.0.0/8", "::1"])
  }

  @Test("all of it is read, and printed so that it reads the same")
  func reading() throws {
    let text =
      Configuration.demoText + """

        limits:
          connections: {open: 500, per_source: 5, per_second: 7, trusted: [192.0.2.0/24, "2001:db8::/32", 198.51.100.7]}
        """
    let configuration = try Configuration.parse(text, file: "p.yaml").configuration
    let connections = configuration.limits.connections
    #expect(connections.open == 500 && connections.perSource == 5 && connections.perSecond == 7)
    #expect(connections.trusted.map(\.bits) == [24, 32, 32])
    #expect(connections.trusted.map(\.bytes.count) == [4, 16, 4])
    let printed = try Configuration.parse(configuration.yaml(relativeTo: "/"), file: "p.yaml").configuration
    #expect(printed.limits == configuration.limits)
  }

  @Test("nobody may be trusted")
  func nobody() throws {
    let text = Configuration.demoText + "\nlimits: {connections: {trusted: []}}"
    let configuration = try Configuration.parse(text, file: "p.yaml").configuration
    #expect(configuration.limits.connections.trusted.isEmpty)
    let printed = try Configuration.parse(configuration.yaml(relativeTo: "/"), file: "p.yaml").configuration
    #expect(printed.limits == configuration.limits)
  }

  @Test(
    "what is no range of addresses is a mistake with its place",
    arguments: [
      "192.0.2.0/33", "192.0.2", "localhost", "2001:db8::/129", "192.0.2.0/-1", "192.0.2.0/+1", "1.2.3.4/8/9",
    ])
  func mistakes(range: String) {
    let found = problems(of: Configuration.demoText + "\nlimits: {connections: {trusted: [\"\(range)\"]}}")
    #expect(found.count == 1 && found.first?.contains("`limits.connections.trusted` cannot hold `\(range)`") == true)
  }
}
