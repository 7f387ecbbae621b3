import Yams

extension Configuration {
  /// The whole configuration as YAML, defaults included. Secrets are not in it: a secret is a file's or a variable's
  /// name, and nonces, which the platform's tokens carry, are masked. What is printed can be read back, but for those.
  ///
  /// - Parameter folder: the absolute path that relative paths are relative to, so that the output means the same
  ///   wherever it is saved.
  public func yaml(relativeTo folder: String) -> String {
    let path: (String) -> Node = { text in
      .text(text.hasPrefix("/") ? text : folder + (folder.hasSuffix("/") ? "" : "/") + text)
    }
    let root = Node.keys([
      ("listen", listen.node(path)), ("admin", admin.node(path)), ("identity", identity.node(path)),
      ("data_sources", dataSources?.node(path)),
      ("egress", egress.hosts.isEmpty ? nil : .keys([("hosts", .texts(egress.hosts))])),
      ("agents", .list(agents.map { $0.node(path) })),
      ("receivers", media.receiversNode(path)), ("forking", media.forkingNode), ("meetings", media.meetings.node),
      (
        "limits",
        .keys([
          ("conversations", .plain("\(limits.conversations)")),
          ("conversations_per_tenant", .plain("\(limits.conversationsPerTenant)")),
          ("idle", .duration(limits.idle)), ("status_hold", .duration(limits.statusHold)),
          ("lost_after", .duration(limits.lostAfter)), ("lag", .duration(limits.lag)),
          ("memory", limits.memory.map { .plain(Notation.write(size: $0)) }),
          ("connections", limits.connections.node),
        ])
      ),
      ("recording", recording.node(path)),
      (
        "logging",
        .keys([("level", .plain(logging.level.rawValue)), ("format", .plain(logging.format.rawValue))])
      ),
      (
        "shutdown",
        .keys([
          ("notice", .duration(shutdown.notice)), ("drain", .duration(shutdown.drain)),
          ("grace", .duration(shutdown.grace)),
        ])
      ),
    ])
    do {
      return try serialize(node: root, width: -1, allowUnicode: true)
    } catch {
      preconditionFailure("libYAML writes any tree of texts into memory: \(error)")
    }
  }
}

extension Configuration.Listen {
  fileprivate func node(_ path: (String) -> Node) -> Node {
    .keys([
      ("address", .text(address.description)),
      (
        "tls",
        tls.map { tls in
          .keys([
            ("certificate", path(tls.certificate)), ("key", path(tls.key)), ("client_ca", tls.clientCA.map(path)),
            ("client_names", .texts(tls.clientNames)),
          ])
        }
      ),
      ("plaintext", tls == nil ? .plain("true") : nil), ("queues", .plain("\(queues)")),
      ("reflection", .plain("\(reflects)")),
    ])
  }
}

extension Configuration.Admin {
  fileprivate func node(_ path: (String) -> Node) -> Node {
    var file: Node?
    var variable: Node?
    switch token {
    case .file(let name): file = path(name)
    case .variable(let name): variable = .text(name)
    case nil: break
    }
    return .keys([("address", .text(address.description)), ("token_file", file), ("token_variable", variable)])
  }
}

extension Configuration.Identity {
  fileprivate func node(_ path: (String) -> Node) -> Node {
    .keys([
      ("development", isDevelopment ? .plain("true") : nil), ("clock_skew", .duration(clockSkew)),
      (
        "issuers",
        isDevelopment
          ? nil : .list(issuers.map { .keys([("issuer", .text($0.issuer)), ("keys_url", .text($0.keysURL))]) })
      ),
      (
        "tenants",
        .list(
          tenants.map {
            .keys([
              ("org", .text($0.organization)), ("name", .text($0.name)), ("url", .text($0.url)),
              ("audience", $0.audience.map(Node.text)), ("subject", $0.subject.map(Node.text)),
              ("recording", $0.recording.node),
              ("nonces", .texts($0.nonces.map { _ in Self.mask })), ("schemas", .texts($0.schemas)),
              ("limits", $0.conversations.map { .keys([("conversations", .plain("\($0)"))]) }),
              ("data_source", $0.dataSource?.node(path)),
            ])
          })
      ),
      (
        "revoked",
        revoked.isEmpty
          ? nil : .list(revoked.map { .keys([("org", .text($0.organization)), ("nonce", .text(Self.mask))]) })
      ),
      ("revocations_file", revocationsFile.map(path)),
    ])
  }

  /// What stands for a nonce.
  private static var mask: String { "********" }
}

extension Configuration.Recording {
  fileprivate func node(_ path: (String) -> Node) -> Node {
    .keys([
      ("enabled", .plain("\(isEnabled)")), ("directory", directory.map(path)), ("format", .plain(format.rawValue)),
      ("sample_rate", .plain("\(sampleRate)")), ("keys", keys.map(path)), ("keep", keep.map(Node.duration)),
      ("text", .plain("\(keepsText)")),
    ])
  }
}

extension Configuration.Tenant.Recording {
  /// `nil` where the tenant has nothing of its own.
  fileprivate var node: Node? {
    guard self != Self() else { return nil }
    return .keys([("enabled", isEnabled.map { .plain("\($0)") }), ("keep", keep.map(Node.duration))])
  }
}

extension Configuration.Agent {
  fileprivate func node(_ path: (String) -> Node) -> Node {
    .keys([
      ("id", .text(id)), ("name", .text(name)), ("default", .plain("\(isDefault)")), ("tenants", .texts(tenants)),
      ("responses", .plain(responses.rawValue)),
      ("engine", engine.node(path)), ("fallback", fallback == .standard ? nil : fallback.node(path)),
      (
        "speech",
        .keys([
          ("minimum_speech", .duration(speech.minimumSpeech)), ("minimum_barge_in", .duration(speech.minimumBargeIn)),
          ("end_silence", .duration(speech.endSilence)), ("preroll", .duration(speech.preroll)),
          ("maximum_utterance", .duration(speech.maximumUtterance)),
        ])
      ),
      (
        "audio",
        .keys([
          ("default_encoding", .plain(audio.defaultEncoding.rawValue)),
          ("default_rate", .plain("\(audio.defaultRate)")),
        ])
      ), ("recorded", isRecorded.map { .plain("\($0)") }),
    ])
  }
}

extension Node {
  /// Text in quotes, so that nothing in it is taken for something else.
  static func text(_ text: String) -> Node { Node(text, .implicit, .doubleQuoted) }

  static func plain(_ text: String) -> Node { Node(text) }

  static func duration(_ duration: Duration) -> Node { Node(Notation.write(duration)) }

  static func list(_ nodes: [Node]) -> Node { Node(nodes) }

  /// A list of texts, or `nil` (no key) where there are none.
  static func texts(_ texts: [String]) -> Node? {
    texts.isEmpty ? nil : Node(texts.map(Node.text), .implicit, .flow)
  }

  static func keys(_ keys: [(String, Node?)]) -> Node {
    Node(keys.compactMap { key, value in value.map { (Node(key), $0) } })
  }
}

extension Configuration.Connections {
  fileprivate var node: Node {
    .keys([
      ("open", .plain("\(open)")), ("per_source", .plain("\(perSource)")), ("per_second", .plain("\(perSecond)")),
      ("trusted", Node(trusted.map { Node.text($0.description) }, .implicit, .flow)),
    ])
  }
}
