import Basics
import BotEngines
import YAMLReading

/// What carries the conversation with a bot: decides which URLs are right.
enum BotCarrier {
  case grpc
  case webSocket

  var secure: String { self == .grpc ? "https" : "wss" }
  var plain: String { self == .grpc ? "http" : "ws" }
  var example: String { self == .grpc ? "https://bot.example.com:443" : "wss://bot.example.com/call" }
}

extension BotEndpoint: KeyGroup {
  init() { self.init(url: "") }

  static var keys: [Key<Self>] { keys(over: .grpc) }

  /// The keys of a remote engine: the URL, the engine's own, and those that all remote engines share.
  static func keys<Whole>(
    _ path: Path<Whole, BotEndpoint>, over carrier: BotCarrier,
    authorization: String = "authorization", @KeyList<Whole> _ own: () -> [Key<Whole>]
  ) -> [Key<Whole>] {
    let shared = keys(over: carrier, authorization: authorization).map { $0.of(path) }
    return shared.prefix(1) + own() + shared.dropFirst()
  }

  @KeyList<Self>
  private static func keys(over carrier: BotCarrier, authorization: String = "authorization") -> [Key<Self>] {
    Key(
      "url", \.url, .text(),
      "The bot's URL, as in \(carrier.example); \(carrier.plain)://… on loopback or with `plaintext`.", required: .yes)
    Key("plaintext", \.isPlaintext, .flag, "Allows a URL without TLS to another machine.")
    Key("tls", \.tls, .group, "TLS to the server. Certificates are always verified.", hides: BotTLS())
    Key("headers", \.headers, BotHeader.list(32), "Headers of every request.")
    Key(authorization, \.authorization, .secret, "The bearer token.")
    Key(part: "timeouts", "The longest waits for the bot.") {
      Key("connect", \.connectTimeout, .duration(100.ms...10.s), "The time to connect, TLS included.")
      Key(
        "first_answer", \.answerTimeout, .duration(500.ms...30.s),
        "The time to the bot's first word, and its longest pause.")
    }
    Key("breaker", \.breaker, .group, "The breaker: calls are kept from a bot that fails.")
  }

  /// Takes the URL apart, and reports what is wrong with it.
  mutating func check(_ section: Section, over carrier: BotCarrier, authorization: String = "authorization") {
    let parts = URLParts(url)
    host = parts?.host ?? ""
    isSecure = parts?.scheme == carrier.secure
    port = parts?.port ?? (isSecure ? 443 : 80)
    let isPlaintextMeant = isPlaintext ?? false
    isPlaintext = isSecure || NetworkAddress.isLoopback(host) ? nil : true
    tls.check(section.always("tls"), isSecure: isSecure)
    if self.authorization != nil,
      headers.contains(where: { $0.name == "authorization" })
    {
      section.report(
        "headers", "the header `authorization` and `\(section.name(authorization + "_file"))` are both given",
        "keep one of the two")
    }
    if !url.isEmpty { checkURL(section, parts, over: carrier, isPlaintextMeant: isPlaintextMeant) }
  }

  private func checkURL(_ section: Section, _ parts: URLParts?, over carrier: BotCarrier, isPlaintextMeant: Bool) {
    let place = section.place(of: "url")
    let name = section.name("url")
    guard let parts, [carrier.secure, carrier.plain].contains(parts.scheme) else {
      return section.report(
        place,
        "`\(name)` has to be a URL that begins with \(carrier.secure):// or \(carrier.plain)://, "
          + "not `\(url.quotedForMessage)`", "write it as in \(carrier.example)")
    }
    if carrier == .grpc, !parts.path.isEmpty, parts.path != "/" {
      section.report(
        place, "`\(name)` has a path, and gRPC knows none: `\(parts.path.quotedForMessage)`",
        "write it as in \(carrier.example)")
    }
    if !isSecure, !parts.isLoopback, !isPlaintextMeant {
      section.report(
        place, "the caller's voice would cross the network in plaintext to \(host)",
        "write \(carrier.secure)://…, or `plaintext: true` in the engine if the network is protected otherwise")
    }
    if !section.reading.egress.allows(host) {
      section.report(
        place, "the host \(host.quotedForMessage) is not in `egress.hosts`", "add it there, or correct the URL")
    }
  }
}

extension BotTLS: KeyGroup {
  static var keys: [Key<Self>] {
    Key("ca", \.ca, .file, "The path of a PEM file with root certificates; default the system's.")
    Key("certificate", \.certificate, .file, "The path of a PEM file with the certificate chain; ours.")
    Key("key", \.key, .secretFile, "The path of a PEM file with the private key; ours.")
    Key("server_name", \.serverName, .text(253), "The name in the bot's certificate.", standard: "the URL's host")
  }

  fileprivate func check(_ section: Section, isSecure: Bool) {
    if (certificate == nil) != (key == nil) {
      section.report(
        nil, "`\(section.path)` has a certificate or a key without the other",
        "write `certificate: client.pem` and `key: client.key`")
    }
    if !isSecure, ca != nil || certificate != nil || serverName != nil {
      section.warn(nil, "`\(section.path)` has no effect on a plaintext URL")
    }
  }
}

extension BotEndpoint.Breaker: KeyGroup {
  static var keys: [Key<Self>] {
    Key("failures", \.failures, .integer(1...1_000), "Failures in a row, or within the window, that open it.")
    Key("window", \.window, .duration(1.s...10.min), "Failures within it count, whatever succeeds between them.")
    Key("probe", \.probe, .duration(1.s...10.min), "The time between calls that try again while it is open.")
  }
}

extension BotHeader: KeyGroup {
  static var keys: [Key<Self>] {
    Key("name", \.name, .text(128), "A header's name.", required: .yes)
    Key("value", \.value, .text(2_048, isMasked: true), "The header's value, or value_file or value_variable.")
    Key("value", \.secret, .secret, "The secret value.")
  }

  mutating func check(_ section: Section) {
    name = name.lowercased()
    guard !name.isEmpty else { return }
    if !Self.isUsable(name) {
      section.report(
        "name", "`\(name.quotedForMessage)` cannot be a header of ours",
        "write a name of letters, digits and dashes that the protocol does not use itself")
    } else if value != nil, secret != nil {
      section.report(nil, "the header `\(name)` has two values", "keep one of the two")
    } else if let value, !value.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) {
      section.report("value", "a header's value is printable ASCII", "write it without other characters")
    } else if value == nil, secret == nil {
      section.report(nil, "the header `\(name)` has no value", "write `value: …`")
    }
  }

  /// Names that the protocols write themselves (RFC 9113, 8.2.2; RFC 6455, 4.1; gRPC).
  private static let reserved: Set<String> = [
    "host", "connection", "upgrade", "te", "content-type", "content-length", "transfer-encoding", "keep-alive",
    "proxy-connection", "user-agent",
  ]

  private static func isUsable(_ name: String) -> Bool {
    !reserved.contains(name) && !name.hasPrefix("grpc-") && !name.hasPrefix("sec-websocket-")
      && !name.hasSuffix("-bin") && name.isWord(with: "-_")
  }
}
