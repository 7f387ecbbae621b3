import YAMLReading

extension Configuration.Agent.Endpoint {
  /// What carries the conversation: decides which URLs are right.
  enum Carrier {
    case grpc
    case webSocket

    var secure: String { self == .grpc ? "https" : "wss" }
    var plain: String { self == .grpc ? "http" : "ws" }
    var example: String { self == .grpc ? "https://bot.example.com:443" : "wss://bot.example.com/call" }
  }

  /// Reads the keys that all remote engines share. `authorization` is what the key of the bearer token begins with.
  init(
    _ section: Section, over carrier: Carrier, authorization key: String = "authorization", egress: Configuration.Egress
  ) {
    url = section.requiredText("url", write: "the bot's URL, as in \(carrier.example)") ?? ""
    let parts = URLParts(url)
    host = parts?.host ?? ""
    isSecure = parts?.scheme == carrier.secure
    port = parts?.port ?? (isSecure ? 443 : 80)
    tls = TLS(section.always("tls"), isSecure: isSecure)
    headers = Self.headers(section)
    authorization = section.secret(key)
    if authorization != nil, headers.contains(where: { $0.name == "authorization" }) {
      section.reading.report(
        section.place(of: "headers"), "the header `authorization` and `\(section.name(key + "_file"))` are both given",
        "keep one of the two")
    }
    timeouts = Timeouts(section.always("timeouts"))
    breaker = Breaker(section.always("breaker"))
    let isPlaintextMeant = section.flag("plaintext") ?? false
    if !url.isEmpty { check(section, parts, over: carrier, isPlaintextMeant: isPlaintextMeant, egress: egress) }
  }

  private func check(
    _ section: Section, _ parts: URLParts?, over carrier: Carrier, isPlaintextMeant: Bool, egress: Configuration.Egress
  ) {
    let place = section.place(of: "url")
    let name = section.name("url")
    guard let parts, [carrier.secure, carrier.plain].contains(parts.scheme) else {
      return section.reading.report(
        place,
        "`\(name)` has to be a URL that begins with \(carrier.secure):// or \(carrier.plain)://, not `\(url.quotedForMessage)`",
        "write it as in \(carrier.example)")
    }
    if carrier == .grpc, !parts.path.isEmpty, parts.path != "/" {
      section.reading.report(
        place, "`\(name)` has a path, and gRPC knows none: `\(parts.path.quotedForMessage)`",
        "write it as in \(carrier.example)")
    }
    if !isSecure, !parts.isLoopback, !isPlaintextMeant {
      section.reading.report(
        place, "the caller's voice would cross the network in plaintext to \(host)",
        "write \(carrier.secure)://…, or `plaintext: true` in the engine if the network is protected otherwise")
    }
    if !egress.allows(host) {
      section.reading.report(
        place, "the host \(host.quotedForMessage) is not in `egress.hosts`", "add it there, or correct the URL")
    }
  }

  private static func headers(_ section: Section) -> [Header] {
    var headers: [Header] = []
    for entry in section.sections("headers", maximum: 32) ?? [] {
      let name = entry.requiredText("name", maximum: 128, write: "a header's name")?.lowercased()
      let text = entry.text("value", maximum: 2_048, write: "the header's value, or value_file or value_variable")
      let secret = entry.secret("value")
      entry.finish()
      guard let name else { continue }
      if !isHeaderName(name) {
        section.reading.report(
          entry.place(of: "name"), "`\(name.quotedForMessage)` cannot be a header of ours",
          "write a name of letters, digits and dashes that the protocol does not use itself")
      } else if text != nil, secret != nil {
        section.reading.report(entry.place, "the header `\(name)` has two values", "keep one of the two")
      } else if let text, !text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) {
        section.reading.report(
          entry.place(of: "value"), "a header's value is printable ASCII", "write it without other characters")
      } else if let value = text.map(Header.Value.text) ?? secret.map(Header.Value.secret) {
        headers.append(Header(name: name, value: value))
      } else {
        section.reading.report(entry.place, "the header `\(name)` has no value", "write `value: …`")
      }
    }
    return headers
  }

  /// Names that the protocols write themselves (RFC 9113, 8.2.2; RFC 6455, 4.1; gRPC).
  private static let reserved: Set<String> = [
    "host", "connection", "upgrade", "te", "content-type", "content-length", "transfer-encoding", "keep-alive",
    "proxy-connection", "user-agent",
  ]

  private static func isHeaderName(_ name: String) -> Bool {
    !name.isEmpty && !reserved.contains(name) && !name.hasPrefix("grpc-") && !name.hasPrefix("sec-websocket-")
      && !name.hasSuffix("-bin")
      && name.utf8.allSatisfy { $0 == 45 || $0 == 95 || (48...57).contains($0) || (97...122).contains($0) }
  }
}

extension Configuration.Agent.Endpoint.TLS {
  init(_ section: Section, isSecure: Bool) {
    ca = section.file("ca", write: "the path of a PEM file with root certificates")
    certificate = section.file("certificate", write: "the path of a PEM file with the certificate chain")
    key = section.secretFile("key", write: "the path of a PEM file with the private key")
    serverName = section.text("server_name", maximum: 253, write: "the name in the bot's certificate")
    if (certificate == nil) != (key == nil) {
      section.reading.report(
        section.place, "`\(section.path)` has a certificate or a key without the other",
        "write `certificate: client.pem` and `key: client.key`")
    }
    if !isSecure, ca != nil || certificate != nil || serverName != nil {
      section.reading.warn(section.place, "`\(section.path)` has no effect on a plaintext URL")
    }
    section.finish()
  }
}

extension Configuration.Agent.Endpoint.Timeouts {
  static let standard = Self(connect: .seconds(3), firstAnswer: .seconds(5))

  init(_ section: Section) {
    connect = section.duration(
      "connect", in: .milliseconds(100)...(.seconds(10)), default: Self.standard.connect)
    firstAnswer = section.duration(
      "first_answer", in: .milliseconds(500)...(.seconds(30)), default: Self.standard.firstAnswer)
    section.finish()
  }
}

extension Configuration.Agent.Endpoint.Breaker {
  init(_ section: Section) {
    failures = section.integer("failures", in: 1...1_000, default: 5)
    window = section.duration("window", in: .seconds(1)...(.seconds(600)), default: .seconds(10))
    probe = section.duration("probe", in: .seconds(1)...(.seconds(600)), default: .seconds(5))
    section.finish()
  }
}

extension Configuration.Egress {
  init(_ section: Section) {
    hosts = section.texts("hosts", maximum: 1_000, write: "a host's name, as in bot.example.com or \"*.example.com\"")
      .compactMap { host, place in
        guard Self.isHost(host) else {
          section.reading.report(
            place, "`\(host.quotedForMessage)` is not a host's name or address",
            "write it without scheme and port, as in bot.example.com or \"*.example.com\"")
          return nil
        }
        return host.lowercased()
      }
    section.finish()
  }

  private static func isHost(_ text: String) -> Bool {
    let name = text.hasPrefix("*.") ? text.dropFirst(2) : text[...]
    return (1...253).contains(name.utf8.count)
      && name.utf8.allSatisfy {
        [45, 46, 58, 95].contains($0) || (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
      }
  }
}

extension Section {
  /// A secret from `KEY_file` or `KEY_variable`.
  func secret(_ key: String) -> Secret? {
    let file = secretFile(key + "_file", write: "the path of a file that holds the secret")
    let variable = text(key + "_variable", maximum: 128, write: "the name of an environment variable")
    if file != nil, variable != nil {
      reading.report(
        place(of: key + "_variable"), "`\(name(key + "_file"))` and `\(name(key + "_variable"))` are both given",
        "keep one of the two")
    }
    return file.map(Secret.file) ?? variable.map(Secret.variable)
  }
}
