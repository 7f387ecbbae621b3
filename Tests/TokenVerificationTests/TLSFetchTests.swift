import Basics
import Foundation
import Testing

@testable import TokenVerification

/// OpenSSL's own test server on the loopback interface, with a certificate for `localhost` that it signed itself.
///
/// Unchecked: nothing changes after `init`, and the process is ended by `deinit` only.
private final class TLSServer: @unchecked Sendable {
  static let openssl = "/usr/bin/openssl"

  let port: Int
  let certificate: String
  private let folder: URL
  private let server = Process()

  /// A server of one file, `keys`. `options` go to `openssl s_server`. Starts on a thread of its own: waiting for other
  /// programs on Swift's few would hold up every other test.
  static func start(serving document: String, options: [String] = []) async throws -> TLSServer {
    try await withCheckedThrowingContinuation { continuation in
      _ = DetachedThread.run {
        continuation.resume(with: Result { try TLSServer(serving: document, options: options) })
      }
    }
  }

  private init(serving document: String, options: [String] = []) throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try document.write(to: folder.appendingPathComponent("keys"), atomically: true, encoding: .utf8)
    certificate = folder.appendingPathComponent("certificate.pem").path
    let request = Process()
    request.executableURL = URL(fileURLWithPath: Self.openssl)
    request.currentDirectoryURL = folder
    request.arguments = [
      "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "certificate.pem", "-days", "2",
      "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
    ]
    request.standardError = FileHandle.nullDevice
    try request.run()
    request.waitUntilExit()
    let output = Pipe()
    server.executableURL = URL(fileURLWithPath: Self.openssl)
    server.currentDirectoryURL = folder
    server.arguments =
      ["s_server", "-accept", "127.0.0.1:0", "-cert", "certificate.pem", "-key", "key.pem", "-WWW"] + options
    server.standardOutput = output
    server.standardError = FileHandle.nullDevice
    try server.run()
    var text = ""
    var port: Int?
    while port == nil {
      let data = output.fileHandleForReading.availableData
      guard !data.isEmpty else { break }
      text += String(decoding: data, as: UTF8.self)
      port =
        text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        .compactMap { line in
          line.hasPrefix("ACCEPT ") ? line.split(separator: ":").last.flatMap { Int($0) } : nil
        }.first
    }
    self.port = try #require(port, "the test server did not start")
  }

  deinit {
    // Not SIGTERM: a program inherits the signals that its parent's thread blocks, and Swift's threads block that one.
    kill(server.processIdentifier, SIGKILL)
    try? FileManager.default.removeItem(at: folder)
  }
}

@Suite(
  "Fetching a key set over TLS",
  .enabled(if: FileManager.default.isExecutableFile(atPath: TLSServer.openssl), "there is no openssl command"))
struct TLSFetchTests {
  private func fetch(
    _ server: TLSServer, host: String = "localhost", isTrusted: Bool = true
  ) async throws -> Result<[UInt8], KeySetFetchError> {
    let fetcher = CurlKeySetFetcher(certificateAuthorities: isTrusted ? server.certificate : nil)
    let issuer = try TrustedIssuer(
      issuer: "https://issuer.example", keysURL: "https://\(host):\(server.port)/keys", allowsPrivateAddresses: true)
    do throws(KeySetFetchError) { return .success(try await fetcher.fetch(issuer).bytes) } catch {
      return .failure(error)
    }
  }

  @Test("A key set is fetched over https, and a token verified with it")
  func good() async throws {
    let development = try Fixture.issuer.get()
    let server = try await TLSServer.start(serving: development.keySetDocument)
    let document = try await fetch(server).get()
    #expect(try KeySet(parsing: document).keyIDs == [development.keyID])
  }

  @Test("J20: a certificate that is not trusted, or is another host's, is refused")
  func certificates() async throws {
    let server = try await TLSServer.start(serving: "{}")
    for result in [try await fetch(server, isTrusted: false), try await fetch(server, host: "127.0.0.1")] {
      guard case .failure(.http(.tls)) = result else {
        Issue.record("\(result)")
        return
      }
    }
    #expect(try await fetch(server) == .success(Array("{}".utf8)))
  }

  @Test("J20: TLS before 1.2 is refused, 1.2 and 1.3 are not")
  func versions() async throws {
    // Security level 0 lets the server itself speak the old versions.
    let old = try await TLSServer.start(serving: "{}", options: ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"])
    let result = try await fetch(old)
    guard case .failure(.http(.tls)) = result else {
      Issue.record("\(result)")
      return
    }
    for option in ["-tls1_2", "-tls1_3"] {
      #expect(try await fetch(TLSServer.start(serving: "{}", options: [option])) == .success(Array("{}".utf8)))
    }
  }
}
