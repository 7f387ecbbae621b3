import GatewayConfiguration
import TokenVerification
import YAMLReading

// Which files a configuration is made of.

extension Reloader {
  /// The configuration's own file and those that it names, but for the listeners' TLS files, which are looked at by the
  /// listeners themselves, and the revocations, which are looked at more often.
  static func watched(_ path: String, _ loaded: Configuration.Loaded) -> [String] {
    [path]
      + loaded.files.filter { file in
        !["listen.tls.", "websocket.tls.", "admin.tls."].contains { file.key.hasPrefix($0) }
          && file.key != "identity.revocations_file"
      }.map(\.path)
  }

  /// The versions of the files that each agent names.
  static func agentFiles(_ loaded: Configuration.Loaded) -> [String: [FileStamp]] {
    let agents = loaded.configuration.agents.enumerated().map { index, agent in
      (agent.id, loaded.files(ofAgent: index).map(FileStamp.init(of:)))
    }
    return Dictionary(agents, uniquingKeysWith: { first, _ in first })
  }

  /// The file of revocations as it is now; `nil` where none is named.
  static func revocationWatch(_ configuration: Configuration, at now: Duration) throws(ConfigurationError)
    -> RevocationWatch?
  {
    guard let file = configuration.identity.revocationsFile else { return nil }
    let stamp = FileStamp(of: file)
    return RevocationWatch(try Configuration.Revocation.read(file: file), stamp: stamp, at: now)
  }
}
