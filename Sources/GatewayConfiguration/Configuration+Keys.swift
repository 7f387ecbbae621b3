import YAMLReading

extension Configuration {
  /// Reads every key; what is wrong is reported to the section's reading.
  init(_ whole: Section, isDemo: Bool) {
    listen = Listen(whole.always("listen"), isDemo: isDemo)
    admin = Admin(whole.always("admin"), isDemo: isDemo)
    identity = Identity(whole.always("identity"), isDemo: isDemo)
    dataSources = whole.section("data_sources", write: "`data_sources: {client_id: …}`").map(DataSources.init)
    DataSources.check(dataSources, identity.tenants, whole)
    egress = Egress(whole.always("egress"))
    agents = Agent.list(whole, tenants: identity.tenants, egress: egress)
    media = Media(whole, tenants: identity.tenants, egress: egress)
    limits = Limits(whole.always("limits"))
    recording = Recording(whole.always("recording"))
    logging = Logging(whole.always("logging"))
    shutdown = Shutdown(whole.always("shutdown"))
    self.isDemo = isDemo
    checkRecordings(whole)
    if identity.isDevelopment, !isDemo { checkDevelopment(whole) }
  }

  /// Tokens that anybody on this machine may be given are for calls from this machine.
  private func checkDevelopment(_ whole: Section) {
    for (name, address) in [("listen", listen.address), ("admin", admin.address)] where !address.isLoopback {
      whole.reading.report(
        whole.always(name).place(of: "address"),
        "with `identity.development` the server is on loopback only, not on \(address)",
        "write 127.0.0.1:\(address.port), or remove `development: true`")
    }
    if dataSources != nil {
      whole.reading.report(
        whole.place(of: "data_sources"), "with `identity.development` no data source is registered with Webex",
        "remove `data_sources`, or `development: true`")
    }
  }
}

extension Configuration.Listen {
  static let defaultAddress = NetworkAddress(host: "127.0.0.1", port: 50051)

  init(_ section: Section, isDemo: Bool) {
    address = section.address("address", default: Self.defaultAddress)
    tls = section.section("tls", write: "`tls: {certificate: server.pem, key: server.key}`").map(Configuration.TLS.init)
    queues = section.integer("queues", in: 1...64, default: 1)
    let plaintext = section.flag("plaintext")
    reflects = section.flag("reflection") ?? address.isLoopback
    section.finish()

    if isDemo, !address.isLoopback {
      section.reading.report(
        section.place(of: "address"), "the demo listens on loopback only, not on \(address)",
        "write a configuration file, or listen on \(Self.defaultAddress)")
    } else if tls != nil, plaintext == true {
      section.reading.warn(
        section.place(of: "plaintext"), "with `listen.tls` the port speaks TLS only, whatever `plaintext` says")
    } else if tls == nil, plaintext == false {
      section.reading.report(
        section.place(of: "plaintext"), "without plaintext there has to be TLS",
        "write `tls: {certificate: server.pem, key: server.key}` in `listen`")
    } else if tls == nil, plaintext == nil, !address.isLoopback {
      section.reading.report(
        section.place(of: "address"),
        "without TLS, tokens and calls would cross the network in plaintext on \(address)",
        "write `tls: {certificate: server.pem, key: server.key}`, or `plaintext: true` if TLS ends before the gateway")
    }
  }
}

extension Configuration.TLS {
  init(_ section: Section) {
    section.require("certificate", write: "server.pem")
    section.require("key", write: "server.key")
    certificate = section.file("certificate", write: "the path of a PEM file with the certificate chain") ?? ""
    key = section.secretFile("key", write: "the path of a PEM file with the private key") ?? ""
    clientCA = section.file("client_ca", write: "the path of a PEM file with root certificates")
    clientNames = section.texts("client_names", maximum: 64, write: "\"*.example.com\"").compactMap { name, place in
      guard Self.isName(name) else {
        section.reading.report(
          place, "`\(name.quotedForMessage)` is not a host name", "write a name as in \"*.example.com\"")
        return nil
      }
      return name.lowercased()
    }
    if section.has("client_names"), !section.has("client_ca") {
      section.reading.report(
        section.place(of: "client_names"),
        "`\(section.name("client_names"))` has no effect without client certificates",
        "write `client_ca: ca.pem` too")
    }
    section.finish()
  }

  private static func isName(_ name: String) -> Bool {
    guard name.utf8.count <= 253 else { return false }
    let labels = name.split(separator: ".", omittingEmptySubsequences: false)
    return labels.enumerated().allSatisfy { index, label in
      if index == 0, label == "*", labels.count > 2 { return true }
      return (1...63).contains(label.utf8.count)
        && label.utf8.allSatisfy {
          $0 == 45 || (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
        }
    }
  }
}

extension Configuration.Admin {
  static let defaultAddress = NetworkAddress(host: "127.0.0.1", port: 8080)

  init(_ section: Section, isDemo: Bool) {
    address = section.address("address", default: Self.defaultAddress)
    let file = section.secretFile("token_file", write: "the path of a file that holds the token")
    let variable = section.text("token_variable", maximum: 128, write: "the name of an environment variable")
    token = file.map(Secret.file) ?? variable.map(Secret.variable)
    section.finish()

    if section.has("token_file"), section.has("token_variable") {
      section.reading.report(
        section.place(of: "token_variable"), "`admin.token_file` and `admin.token_variable` are both given",
        "keep one of the two")
    }
    if !address.isLoopback, !section.has("token_file"), !section.has("token_variable") {
      section.reading.report(
        section.place(of: "address"), "metrics and dashboard would be open to the network on \(address)",
        "write `token_file: admin.token` in `admin`, or listen on \(Self.defaultAddress)")
    }
    if isDemo, !address.isLoopback {
      section.reading.report(
        section.place(of: "address"), "the demo listens on loopback only, not on \(address)",
        "write a configuration file, or listen on \(Self.defaultAddress)")
    }
  }
}

extension Configuration.Limits {
  init(_ section: Section) {
    conversations = section.integer("conversations", in: 1...1_000_000, default: 2_000)
    conversationsPerTenant = section.integer("conversations_per_tenant", in: 1...1_000_000, default: 1_000)
    idle = section.duration("idle", in: .seconds(1)...(.seconds(86_400)), default: .seconds(600))
    statusHold = section.duration("status_hold", in: .zero...(.seconds(5)), default: .seconds(1))
    lostAfter = section.duration("lost_after", in: .seconds(1)...(.seconds(86_400)), default: .seconds(60))
    lag = section.duration("lag", in: .milliseconds(20)...(.seconds(10)), default: .milliseconds(100))
    memory = section.size("memory", in: (16 << 20)...(1 << 44), example: "512MiB")
    connections = Configuration.Connections(section.always("connections"))
    section.finish()
  }
}

extension Configuration.Logging {
  init(_ section: Section) {
    level = section.choice("level", default: .info)
    format = section.choice("format", default: .json)
    section.finish()
  }
}

extension Configuration.Shutdown {
  init(_ section: Section) {
    notice = section.duration("notice", in: .zero...(.seconds(300)), default: .zero)
    drain = section.duration("drain", in: .zero...(.seconds(3_600)), default: .seconds(120))
    grace = section.duration("grace", in: .zero...(.seconds(600)), default: .seconds(10))
    section.finish()
  }
}
