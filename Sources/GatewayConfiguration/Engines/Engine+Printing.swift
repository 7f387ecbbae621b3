import Yams

extension Configuration.Agent.Engine {
  /// The engine as YAML. Headers and parameters written in the configuration may be secrets all the same: masked.
  func node(_ path: (String) -> Node) -> Node {
    var keys: [(String, Node?)] = [("kind", .plain(kind))]
    if let endpoint { keys.append(("url", .text(endpoint.url))) }
    switch self {
    case .demo: break
    case .scripted(let script): keys.append(("script", path(script)))
    case .grpc(let bot): keys += [("hears", .plain(bot.hears.rawValue)), ("audio", .plain(bot.audio.rawValue))]
    case .mediaStreams(let bot):
      keys += [
        ("account", .text(bot.account)),
        (
          "parameters",
          bot.parameters.isEmpty
            ? nil : .list(bot.parameters.map { .keys([("name", .text($0.name)), ("value", .masked)]) })
        ),
        ("turn_silence", .duration(bot.turnSilence)),
      ]
      keys += bot.token?.keys("auth_token", path) ?? []
    case .realtime(let bot):
      keys += [
        ("model", bot.model.map(Node.text)), ("voice", bot.voice.map(Node.text)),
        ("instructions", bot.instructions.map(Node.text)), ("greeting", bot.greeting.map(Node.text)),
        ("format", .plain(bot.format.rawValue)),
        ("tools", .list(bot.tools.map { .plain($0.rawValue) })), ("session_file", bot.sessionFile.map(path)),
        ("call_data", .plain(bot.callData.rawValue)),
      ]
    case .own(let bot): keys += bot.settings.keys.sorted().map { ($0, .masked) }
    case .byova(let bot):
      keys += [
        ("agent", bot.agent.map(Node.text)), ("end_of_input", .plain(bot.endOfInput.rawValue)),
        ("complete_timeout", .plain(bot.completeTimeout.rawValue)),
        ("forward_token", .plain("\(bot.forwardsToken)")),
      ]
    }
    if let endpoint { keys += endpoint.keys(path, authorization: kind == "realtime" ? "api_key" : "authorization") }
    return .keys(keys)
  }
}

extension Configuration.Agent.Endpoint {
  func keys(_ path: (String) -> Node, authorization key: String) -> [(String, Node?)] {
    let isOwnMachine = NetworkAddress.isLoopback(host)
    return [
      ("plaintext", isSecure || isOwnMachine ? nil : .plain("true")),
      (
        "tls",
        tls == TLS()
          ? nil
          : .keys([
            ("ca", tls.ca.map(path)), ("certificate", tls.certificate.map(path)), ("key", tls.key.map(path)),
            ("server_name", tls.serverName.map(Node.text)),
          ])
      ),
      (
        "headers",
        headers.isEmpty
          ? nil
          : .list(
            headers.map { header in
              switch header.value {
              case .text: .keys([("name", .text(header.name)), ("value", .masked)])
              case .secret(let secret): .keys([("name", .text(header.name))] + secret.keys("value", path))
              }
            })
      ),
    ] + (authorization?.keys(key, path) ?? []) + [
      (
        "timeouts",
        .keys([("connect", .duration(timeouts.connect)), ("first_answer", .duration(timeouts.firstAnswer))])
      ),
      (
        "breaker",
        .keys([
          ("failures", .plain("\(breaker.failures)")), ("window", .duration(breaker.window)),
          ("probe", .duration(breaker.probe)),
        ])
      ),
    ]
  }
}

extension Configuration.Agent.Fallback {
  func node(_ path: (String) -> Node) -> Node {
    .keys([("prompt", prompt.map(path)), ("text", text.map(Node.text)), ("then", .plain(then.rawValue))])
  }
}

extension Secret {
  /// The one key that says where it is.
  fileprivate func keys(_ key: String, _ path: (String) -> Node) -> [(String, Node?)] {
    switch self {
    case .file(let name): [(key + "_file", path(name))]
    case .variable(let name): [(key + "_variable", .text(name))]
    }
  }
}

extension Node {
  /// In place of what may be secret.
  fileprivate static var masked: Node { .text("********") }
}
