import Basics
import Secrets
import YAMLReading

extension Configuration: KeyGroup {
  static var keys: [Key<Self>] {
    Key("listen", \.listen, .group, "The gRPC port, which Webex calls.")
    Key(
      "websocket", \.webSocket, .group(write: "`websocket: {address: 127.0.0.1:8443}`"),
      "The port of the virtual agent over WebSocket; without it there is none.", asOne: true)
    Key("admin", \.admin, .group, "The admin port: health, metrics and the dashboard.")
    Key("identity", \.identity, .group, "The accepted tokens: their issuers and tenants.")
    Key(
      "data_sources", \.dataSources, .group(write: "`data_sources: {client_id: …}`"),
      "The registration of data sources with Webex; without it there is none.", asOne: true)
    Key("egress", \.egress, .group, "The allowed hosts of bots.", hides: Egress(), isLive: true)
    Key("agents", \.agents, Agent.list(1_000), "The bots, in the order of Webex's list; at least one.", isLive: true)
    Media.keys.map { $0.of(\.media) }
    Key("limits", \.limits, .group, "Limits of the server.", isLive: true)
    Key(
      "cluster", \.cluster, .group(write: "`cluster: {redis: …, address: …, secret_file: …}`"),
      "Other servers that the same callers reach; without it this one knows no other.", asOne: true)
    Key("recording", \.recording, .group, "Recordings of calls.", asOne: true)
    Key("logging", \.logging, .group, "The log.")
    Key("telemetry", \.telemetry, .group, "Traces of the calls.", hides: Telemetry(), asOne: true)
    Key("shutdown", \.shutdown, .group, "The end of the server.", isLive: true)
  }

  mutating func check(_ whole: Section) {
    isDemo = whole.reading.isDemo
    checkAgents(whole)
    DataSources.check(dataSources, identity.tenants, whole)
    if dataSources?.lease?.isInRedis == true, cluster == nil {
      whole.always("data_sources").report(
        "lease", "the lease is in the Redis of `cluster`, and there is no `cluster`",
        "write `cluster: {redis: …, address: …, secret_file: …}`, or `lease: {file: /shared/patchbay.lease}`")
    }
    media.check(whole)
    checkRecordings(whole)
    checkProcesses(whole)
    if identity.isDevelopment, !isDemo { checkDevelopment(whole) }
  }

  /// At least one agent, and one default.
  private mutating func checkAgents(_ whole: Section) {
    guard !agents.isEmpty else {
      return whole.report(
        "agents", "there is no agent to answer calls", "write `agents: [{id: demo, engine: {kind: demo}}]`")
    }
    whole.reportRepeated("agents", by: "id", agents.map(\.id)) { id, first in
      ("the agent `\(id)` is listed already at \(first)", "give each agent its own id")
    }
    let standard = zip(agents, whole.entries("agents")).filter(\.0.isDefault).map { $1.place(of: "default") }
    for place in standard.dropFirst() {
      whole.reading.report(place, "a default agent is named already at \(standard[0])", "keep one of the two")
    }
    if standard.isEmpty { agents[0].isDefault = true }
  }

  /// Tokens that anybody on this machine may be given are for calls from this machine.
  private func checkDevelopment(_ whole: Section) {
    let ports =
      [("listen", listen.address), ("admin", admin.address)] + (webSocket.map { [("websocket", $0.address)] } ?? [])
      + (cluster.map { [("cluster", $0.address)] } ?? [])
    for (name, address) in ports where !address.isLoopback {
      whole.reading.report(
        whole.always(name).place(of: "address"),
        "with `identity.development` the server is on loopback only, not on \(address)",
        "write 127.0.0.1:\(address.port), or remove `development: true`")
    }
    if dataSources != nil {
      whole.report(
        "data_sources", "with `identity.development` no data source is registered with Webex",
        "remove `data_sources`, or `development: true`")
    }
  }
}

extension Configuration.Listen: KeyGroup {
  static var keys: [Key<Self>] {
    Key("address", \.address, .address, "The gRPC port's address; port 0 binds a free one.")
    Key(
      "tls", \.tls, .group(write: "`tls: {certificate: server.pem, key: server.key}`"),
      "TLS of the port; without it the port speaks plaintext.", asOne: true)
    Key("plaintext", \.isPlaintext, .flag, "Must be true for a port beyond loopback without TLS, as behind an edge.")
      .derived
    Key("queues", \.queues, .integer(1...64), "Completion queues, each with a thread of its own.")
    Key(
      "processes", \.processes, .integer(1...64),
      "Processes that share the port, each for a core; what comes to one and is another's call is handed on.")
    Key(
      "process_ports", \.processPorts, .integer(1...65_535),
      "The first of the ports of which each process has one more for itself, for an edge that keeps calls in place.")
    Key(
      "reflection", \.reflects, .flag, "Whether clients with a valid token can read the schemas.",
      standard: "true on loopback, else false")
  }

  mutating func check(_ section: Section) {
    if !section.has("reflection") { reflects = address.isLoopback }
    isPlaintext = section.plaintext(isPlaintext, tls, on: address, instead: Self.defaultAddress)
  }
}

extension Configuration.WebSocketPort: KeyGroup {
  static var keys: [Key<Self>] {
    Key("address", \.address, .address, "The WebSocket port's address; port 0 binds a free one.")
    Key(
      "tls", \.tls, .group(write: "`tls: {certificate: server.pem, key: server.key}`"),
      "TLS of the port; without it the port speaks plaintext.", asOne: true)
    Key("plaintext", \.isPlaintext, .flag, "Must be true for a port beyond loopback without TLS, as behind an edge.")
      .derived
  }

  mutating func check(_ section: Section) {
    isPlaintext = section.plaintext(isPlaintext, tls, on: address, instead: Self.defaultAddress)
  }
}

extension Section {
  /// Whether a port speaks plaintext: where it has no TLS, and on loopback or because it was said.
  ///
  /// - Parameters:
  ///   - written: what the configuration says of it.
  ///   - loopback: an address that is always good.
  /// - Returns: true, or `nil` where there is TLS.
  fileprivate func plaintext(
    _ written: Bool?, _ tls: Configuration.TLS?, on address: NetworkAddress, instead loopback: NetworkAddress
  ) -> Bool? {
    if reading.isDemo, !address.isLoopback {
      reading.reportDemo(self, address, loopback)
    } else if tls != nil, written == true {
      warn("plaintext", "with `\(name("tls"))` the port speaks TLS only, whatever `plaintext` says")
    } else if tls == nil, written == false {
      report(
        "plaintext", "without plaintext there has to be TLS",
        "write `tls: {certificate: server.pem, key: server.key}` in `\(path)`")
    } else if tls == nil, written == nil, !address.isLoopback {
      report(
        "address", "without TLS, tokens and calls would cross the network in plaintext on \(address)",
        "write `tls: {certificate: server.pem, key: server.key}`, or `plaintext: true` if TLS ends before the gateway")
    }
    return tls == nil ? true : nil
  }
}

extension Configuration.TLS: KeyGroup {
  static var keys: [Key<Self>] {
    Key(
      "certificate", \.certificate, .file, "The path of a PEM file with the certificate chain.",
      required: .example("server.pem"))
    Key("key", \.key, .secretFile, "The path of a PEM file with the private key.", required: .example("server.key"))
    Key(
      "client_ca", \.clientCA, .file,
      "The path of a PEM file with root certificates; client certificates must lead to one.")
    Key(
      "client_names", \.clientNames, .names(64, "a host name", "write a name as in \"*.example.com\"", isName),
      "A client certificate must carry one of these names.", standard: "any", isLive: true)
  }

  func check(_ section: Section) {
    guard section.has("client_names"), !section.has("client_ca") else { return }
    section.report(
      "client_names", "`\(section.name("client_names"))` has no effect without client certificates",
      "write `client_ca: ca.pem` too")
  }

  private static func isName(_ name: String) -> Bool {
    guard name.utf8.count <= 253 else { return false }
    let labels = name.split(separator: ".", omittingEmptySubsequences: false)
    return labels.enumerated().allSatisfy { index, label in
      if index == 0, label == "*", labels.count > 2 { return true }
      return (1...63).contains(label.utf8.count) && label.isWord(with: "-")
    }
  }
}

extension Configuration.Admin: KeyGroup {
  static var keys: [Key<Self>] {
    Key("address", \.address, .address, "The admin port's address; port 0 binds a free one.")
    Key(
      "token", \.token, .secret, "The bearer token; needed beyond loopback. Health and ping need none.", isLive: true
    )
    Key(
      "tls", \.tls, .group(write: "`tls: {certificate: admin.pem, key: admin.key}`"),
      "TLS of the port; without it the port speaks plaintext.", asOne: true)
    Key("plaintext", \.isPlaintext, .flag, "Nothing is said of a port beyond loopback without TLS.", hides: false)
    Key(
      "phone", \.phone, .choice,
      "The telephone at `/phone`, which calls this server's own ports; `auto` has it on a loopback address.")
  }

  func check(_ section: Section) {
    guard !address.isLoopback else { return }
    if !section.hasSecret("token") {
      section.report(
        "address", "metrics and dashboard would be open to the network on \(address)",
        "write `token_file: admin.token` in `admin`, or listen on \(Self.defaultAddress)")
    }
    if section.reading.isDemo { section.reading.reportDemo(section, address, Self.defaultAddress) }
    if tls == nil, !isPlaintext {
      section.warn(
        "address",
        "without TLS, the admin token and what callers are doing cross the network in plaintext on \(address)",
        "write `tls: {certificate: admin.pem, key: admin.key}` in `admin`, or `plaintext: true` where nobody listens")
    }
  }
}

extension Configuration.AdminTLS: KeyGroup {
  static var keys: [Key<Self>] {
    Key(
      "certificate", \.certificate, .file, "The path of a PEM file with the certificate chain.",
      required: .example("admin.pem"))
    Key("key", \.key, .secretFile, "The path of a PEM file with the private key.", required: .example("admin.key"))
  }
}

extension Configuration.Limits: KeyGroup {
  static var keys: [Key<Self>] {
    Key("conversations", \.conversations, .integer(1...1_000_000), "Conversations at once.")
    Key("conversations_per_tenant", \.conversationsPerTenant, .integer(1...1_000_000), "The same of one tenant.")
    Key("idle", \.idle, .duration(1.s...1.d), "A conversation without an RPC for this long is over.")
    Key(
      "status_hold", \.statusHold, .duration(0.s...5.s),
      "The longest wait of an RPC's status for the client's half-close.")
    Key(
      "lost_after", \.lostAfter, .duration(1.s...1.d),
      "A conversation whose last RPC was lost is over after this, unless its caller comes back.")
    Key("lag", \.lag, .duration(20.ms...10.s), "New calls are refused where callers may be heard this late.")
    Key(
      "memory", \.memory, .size((16 << 20)...(1 << 44), example: "512MiB"),
      "The memory of the process; new calls are refused at 90 % of it.", standard: "what its control group may have")
    Key("connections", \.connections, .group, "Connections of the gRPC port.")
  }
}

extension Configuration.Logging: KeyGroup {
  static var keys: [Key<Self>] {
    Key("level", \.level, .choice, "The least severe level in the log.", isLive: true)
    Key("format", \.format, .choice, "Lines as JSON objects, or as text for people.")
  }
}

extension Configuration.Shutdown: KeyGroup {
  static var keys: [Key<Self>] {
    Key(
      "notice", \.notice, .duration(0.s...5.min),
      "The time in which the server still accepts calls but says that it is not ready, so that balancers notice.")
    Key("drain", \.drain, .duration(0.s...1.h), "The time that live calls have to end by themselves.")
    Key(
      "grace", \.grace, .duration(0.s...10.min),
      "The time after that for callers without an open RPC, who are transferred with their next one.")
  }
}

extension Reading {
  fileprivate func reportDemo(_ section: Section, _ address: NetworkAddress, _ loopback: NetworkAddress) {
    report(
      section.place(of: "address"), "the demo listens on loopback only, not on \(address)",
      "write a configuration file, or listen on \(loopback)")
  }
}
