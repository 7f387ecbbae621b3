import Foundation

@testable import GatewayConfiguration

/// A file with every key, beside the files that it names, in a folder of its own.
struct Fixture {
  let folder: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "configuration-\(UUID().uuidString)")
    folder = url.path
    try FileManager.default.createDirectory(at: url.appending(path: "recordings"), withIntermediateDirectories: true)
    for name in [
      "server.pem", "server.key", "ca.pem", "admin.token", "admin.key", "front-desk.yaml", "hum.wav", "judge.bin",
      "revoked.txt",
    ] {
      let path = url.appending(path: name).path
      try Data("\(name == "revoked.txt" ? "# " : "")content of \(name)\n".utf8).write(to: URL(filePath: path))
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    }
  }

  func remove() { try? FileManager.default.removeItem(atPath: folder) }

  var file: String { folder + "/patchbay.yaml" }

  /// Every key that there is.
  static let full = """
    listen:
      address: 0.0.0.0:50051
      tls:
        certificate: server.pem
        key: server.key
        client_ca: ca.pem
        client_names: ["*.example.com", orchestrator.example.org]
      queues: 2
    admin:
      address: 0.0.0.0:8080
      token_file: admin.token
      tls: {certificate: server.pem, key: admin.key}
    identity:
      clock_skew: 45s
      issuers:
        - issuer: https://idbroker.webex.com/idb
        - issuer: urn:test
          keys_url: http://127.0.0.1:9000/keys
      tenants:
        - org: CE861FBA-6e2f-49f9-9a84-b354008fac9e
          name: Example
          url: https://voice.example.com:443
          audience: patchbay
          subject: callAudioData
          nonces: [nonce-1, nonce-2]
          schemas: [5397013b-7920-4ffc-807c-e8a3e0a18f43]
          limits: {conversations: 30}
        - org: ce861fba-6e2f-49f9-9a84-b354008fac9e
          url: https://voice.example.com:8443
      revoked:
        - {org: ce861fba-6e2f-49f9-9a84-b354008fac9e, nonce: nonce-0}
      revocations_file: revoked.txt
    agents:
      - id: front-desk
        name: Front desk
        tenants: [Example]
        responses: chunk
        engine: {kind: scripted, script: front-desk.yaml}
        filler: {sound: hum.wav, after: 1500ms, repeat: true}
        speech:
          minimum_speech: 120ms
          minimum_barge_in: 250ms
          echo: ignore
          end_silence: 1s
          adaptive: {minimum: 300ms, maximum: 1500ms, judge: judge.bin}
          eager_silence: 300ms
          preroll: 300ms
          maximum_utterance: 2m
        eager: false
        audio: {default_encoding: alaw, default_rate: 16000}
      - id: demo
        default: true
        engine: {kind: demo}
    limits:
      {conversations: 50, conversations_per_tenant: 20, idle: 5m, status_hold: 500ms, lost_after: 30s, lag: 250ms,
      memory: 512MiB}
    recording: {enabled: false, directory: recordings}
    logging: {level: debug, format: text}
    shutdown: {drain: 30s, grace: 5s}
    """
}

/// The problems of a text, as `line:column: message; remedy`.
func problems(of text: String, environment: [String: String] = [:]) -> [String] {
  do {
    _ = try Configuration.parse(text, file: "p.yaml", environment: environment)
    return []
  } catch {
    return error.problems.map(\.description)
  }
}
