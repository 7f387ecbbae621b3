import Yams

extension Configuration.DataSources {
  /// As it is printed. The secrets are not in it, only where they are.
  func node(_ path: (String) -> Node) -> Node {
    .keys(
      [
        ("base_url", .text(baseURL)), ("domains", .texts(domains)), ("app_id", applicationID.map(Node.text)),
        ("client_id", clientID.map(Node.text)),
      ]
        + Self.secret("client_secret", clientSecret, path)
        + [("refresh_token_file", refreshTokenFile.map(path))]
        + Self.secret("access_token", accessToken, path)
        + [
          ("renew_before", .duration(renewBefore)), ("check", .duration(check)),
          ("form", form == Form() ? nil : form.node),
          (
            "lease",
            lease.map {
              .keys([
                ("file", path($0.file)), ("expiry", .duration($0.expiry)),
                ("announcement", .duration($0.announcement)),
              ])
            }
          ),
        ])
  }

  private static func secret(_ key: String, _ secret: Secret?, _ path: (String) -> Node) -> [(String, Node?)] {
    switch secret {
    case .file(let name): [(key + "_file", path(name))]
    case .variable(let name): [(key + "_variable", .text(name))]
    case nil: []
    }
  }
}

extension Configuration.DataSources.Form {
  fileprivate var node: Node {
    .keys([
      ("path", .text(path.rawValue)), ("schema_id", .text(schema.rawValue)), ("lifetime", .text(lifetime.rawValue)),
      ("lifetime_as", .text(number.rawValue)),
    ])
  }
}

extension Configuration.TenantDataSource {
  /// As it is printed.
  func node(_ path: (String) -> Node) -> Node {
    .keys([
      ("register", .plain("\(isRegistered)")), ("id", id.map(Node.text)), ("lifetime", .duration(lifetime)),
      ("audience", audience.map(Node.text)), ("subject", subject.map(Node.text)),
      ("disabled_because", disabledBecause.map(Node.text)), ("refresh_token_file", refreshTokenFile.map(path)),
    ])
  }
}
