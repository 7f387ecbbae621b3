import Certificates
import Foundation
import Logging
import Testing

@testable import GRPCTransport

/// Certificates made for a test by the openssl command, in a directory of their own.
final class TestCertificates: Sendable {
  struct Failure: Error { let arguments: [String] }

  let directory: String

  init() throws {
    directory = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try authority("ca")
    try certificate("server", name: "localhost", authority: "ca")
    try authority("client-ca")
    try certificate("client", name: "caller.example.com", authority: "client-ca")
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  func path(_ name: String) -> String { "\(directory)/\(name)" }
  func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

  var server: TLSFiles { TLSFiles(certificate: path("server.pem"), key: path("server.key")) }

  func authority(_ name: String) throws {
    try openssl(
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
      "/CN=\(name)", "-keyout", path("\(name).key"), "-out", path("\(name).pem"))
  }

  func certificate(_ file: String, name: String, authority: String) throws {
    try openssl(
      "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=\(name)",
      "-keyout", path("\(file).key"), "-out", path("\(file).csr"))
    let names = name == "localhost" ? "DNS:localhost,IP:127.0.0.1" : "DNS:\(name)"
    try Data("subjectAltName=\(names)\n".utf8).write(to: URL(fileURLWithPath: path("\(file).ext")))
    try openssl(
      "x509", "-req", "-in", path("\(file).csr"), "-CA", path("\(authority).pem"), "-CAkey",
      path("\(authority).key"), "-CAcreateserial", "-days", "2", "-extfile", path("\(file).ext"), "-out",
      path("\(file).pem"))
  }

  private func openssl(_ arguments: String...) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    if process.terminationStatus != 0 { throw Failure(arguments: arguments) }
  }
}

@Suite("TLS", .timeLimit(.minutes(1)))
struct TLSTests {
  private func withTLS(
    _ files: TLSFiles, client: ClientTLS, methods: [ServerMethod] = [EchoHandler.method],
    _ body: (Loopback) async throws -> Void
  ) async throws {
    let loopback = try Loopback(methods: methods, security: .tls(files), client: .tls(client))
    do { try await body(loopback) } catch {
      await loopback.stop()
      throw error
    }
    await loopback.stop()
  }

  private func echo(_ loopback: Loopback, security: GRPCChannel.Security? = nil, waits: Bool = false) async throws
    -> RPCStatus
  {
    let channel =
      try security.map {
        try GRPCChannel(
          target: "127.0.0.1:\(loopback.port)", security: $0, loop: loopback.group.loops[0],
          options: .init(waitsForConnection: waits))
      } ?? loopback.channel
    do {
      let answer = try await channel.unary(path: "/test.Echo/Echo", message: [5], deadline: .seconds(10))
      #expect(answer == [5])
      if security != nil { channel.close() }
      return .ok
    } catch {
      if security != nil { channel.close() }
      return error
    }
  }

  @Test("a client that trusts the server's authority is served; others, and other names, are not")
  func trust() async throws {
    let certificates = try TestCertificates()
    let trusting = ClientTLS(rootsPEM: try certificates.text("ca.pem"))
    try await withTLS(certificates.server, client: trusting) { loopback in
      #expect(try await echo(loopback) == .ok)
      let stranger = ClientTLS(rootsPEM: try certificates.text("client-ca.pem"))
      #expect(try await echo(loopback, security: .tls(stranger)).code == .unavailable)
      let otherName = ClientTLS(rootsPEM: try certificates.text("ca.pem"), serverName: "voice.example.com")
      #expect(try await echo(loopback, security: .tls(otherName)).code == .unavailable)
      #expect(try await echo(loopback, security: .plaintext).code == .unavailable)
    }
  }

  @Test("with a client CA, only clients with its certificate get in, and the handler learns their names")
  func mutualTLS() async throws {
    let certificates = try TestCertificates()
    var files = certificates.server
    files = TLSFiles(certificate: files.certificate, key: files.key, clientCA: certificates.path("client-ca.pem"))
    let named = ServerMethod.unaryStream(path: "/test.Name/Get") { call in
      let certificate = call.peerCertificate
      let names = [certificate?.commonName ?? "none"] + (certificate?.alternativeNames ?? [])
      call.send(Array(names.joined(separator: " ").utf8))
      call.finish()
    }
    let roots = try certificates.text("ca.pem")
    let identity = (try certificates.text("client.pem"), try certificates.text("client.key"))
    let known = ClientTLS(rootsPEM: roots, certificate: (chainPEM: identity.0, keyPEM: identity.1))
    try await withTLS(files, client: known, methods: [EchoHandler.method, named]) { loopback in
      let names = try await loopback.channel.unary(path: "/test.Name/Get", message: [], deadline: .seconds(10))
      #expect(String(decoding: names, as: UTF8.self) == "caller.example.com caller.example.com")
      #expect(try await echo(loopback, security: .tls(ClientTLS(rootsPEM: roots))).code == .unavailable)
      try certificates.certificate("impostor", name: "caller.example.com", authority: "ca")
      let impostor = ClientTLS(
        rootsPEM: roots,
        certificate: (try certificates.text("impostor.pem"), try certificates.text("impostor.key")))
      #expect(try await echo(loopback, security: .tls(impostor)).code == .unavailable)
    }
  }

  @Test("without a client CA the peer has no certificate, over TLS and over plaintext")
  func noPeerCertificate() async throws {
    let certificates = try TestCertificates()
    let method = ServerMethod.unaryStream(path: "/test.Name/Get") { call in
      call.send(call.peerCertificate == nil ? [0] : [1])
      call.finish()
    }
    try await withTLS(
      certificates.server, client: ClientTLS(rootsPEM: try certificates.text("ca.pem")), methods: [method]
    ) { loopback in
      let answer = try await loopback.channel.unary(path: "/test.Name/Get", message: [], deadline: .seconds(10))
      #expect(answer == [0])
    }
    try await withLoopback([method]) { loopback in
      let answer = try await loopback.channel.unary(path: "/test.Name/Get", message: [])
      #expect(answer == [0])
    }
  }

  @Test("H17: a new certificate is used for the next connection, and a live call goes on with the old one")
  func reload() async throws {
    let certificates = try TestCertificates()
    let old = ClientTLS(rootsPEM: try certificates.text("ca.pem"))
    try await withTLS(certificates.server, client: old) { loopback in
      let stream = await loopback.channel.call(path: "/test.Echo/Echo")
      var messages = stream.messages.makeAsyncIterator()
      try await stream.send([1])
      #expect(await messages.next() == [1])

      try certificates.authority("new-ca")
      try certificates.certificate("server", name: "localhost", authority: "new-ca")
      let new = ClientTLS(rootsPEM: try certificates.text("new-ca.pem"))
      loopback.server.lookAtCertificates(after: .seconds(2))
      #expect(try await echo(loopback, security: .tls(new)) == .ok)
      #expect(try await echo(loopback, security: .tls(old)).code == .unavailable)
      try await stream.send([2])
      #expect(await messages.next() == [2])
      stream.cancel()
    }
  }

  @Test("a broken replacement leaves the old certificate in use")
  func brokenReload() async throws {
    let certificates = try TestCertificates()
    let tls = ClientTLS(rootsPEM: try certificates.text("ca.pem"))
    try await withTLS(certificates.server, client: tls) { loopback in
      #expect(try await echo(loopback) == .ok)
      let texts = ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
      for (round, broken) in texts.enumerated() {
        try Data(broken.utf8).write(to: URL(fileURLWithPath: certificates.path("server.pem")))
        loopback.server.lookAtCertificates(after: .seconds(2 + 2 * round))
        #expect(try await echo(loopback, security: .tls(tls), waits: true) == .ok)
      }
      // A key that is not the certificate's.
      try certificates.certificate("other", name: "localhost", authority: "ca")
      try Data(certificates.text("other.pem").utf8).write(to: URL(fileURLWithPath: certificates.path("server.pem")))
      loopback.server.lookAtCertificates(after: .seconds(6))
      #expect(try await echo(loopback, security: .tls(tls), waits: true) == .ok)
    }
  }

  @Test("a TLS file that cannot serve is named with its problem")
  func badFiles() async throws {
    let certificates = try TestCertificates()
    try Data("nothing".utf8).write(to: URL(fileURLWithPath: certificates.path("empty.pem")))
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"
    try Data(encrypted.utf8).write(to: URL(fileURLWithPath: certificates.path("secret.key")))
    let good = certificates.server
    let cases: [(TLSFiles, ListenError.Reason)] = [
      (
        TLSFiles(certificate: certificates.path("empty.pem"), key: good.key),
        .tlsFile(path: certificates.path("empty.pem"), problem: "holds no PEM CERTIFICATE")
      ),
      (
        TLSFiles(certificate: good.certificate, key: good.certificate),
        .tlsFile(path: good.certificate, problem: "holds no PEM PRIVATE KEY")
      ),
      (
        TLSFiles(certificate: good.certificate, key: certificates.path("secret.key")),
        .tlsFile(path: certificates.path("secret.key"), problem: "is encrypted; write it without a passphrase")
      ),
      (
        TLSFiles(certificate: good.certificate, key: certificates.path("client.key")),
        .tlsFile(
          path: good.certificate,
          problem:
            "is not the certificate of the key \(certificates.path("client.key")); put the two that belong together there"
        )
      ),
    ]
    let logger = Logger(label: "test")
    let group = try EventLoopGroup(logger: logger)
    for (files, reason) in cases {
      let server = GRPCServer(
        configuration: .init(listeners: [.init(address: "127.0.0.1:0", security: .tls(files))]), loops: group,
        methods: [], logger: logger)
      let result = Result { () throws(ListenError) in try server.start() }
      guard case .failure(let error) = result else {
        Issue.record("\(files) was taken")
        continue
      }
      #expect(error.reason == reason)
    }
    await group.shutdown()
  }
}
