import Certificates
import Foundation
import Locking
import Testing

@testable import HTTPServing

/// A self-signed certificate of a test.
private struct TestFiles: Sendable {
  let folder: String
  var files: TLSFiles { TLSFiles(certificate: "\(folder)/server.pem", key: "\(folder)/server.key") }

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("port-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
      "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", "\(folder)/server.key", "-out",
      "\(folder)/server.pem",
    ]
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
  }
}

@Suite("TLS of a port")
struct PortTLSTests {
  private static let test = Result { try TestFiles() }

  private func server(
    _ failures: Locked<[HandshakeFailure]>, crowdedOut: Locked<Int> = Locked(0),
    _ edit: (inout HTTPLimits) -> Void = { _ in }
  ) throws -> HTTPServer {
    var limits = HTTPLimits()
    edit(&limits)
    let tls = try ServerTLS(Self.test.get().files, listener: "test", logger: silent)
    return try HTTPServer(
      .init(host: "127.0.0.1", port: 0), HTTPResponder { .text(200, "\($0.isSecure)") }, name: "test", limits: limits,
      tls: tls, crowdedOut: { crowdedOut.withLock { $0 += 1 } },
      handshakeFailed: { failure in failures.withLock { $0.append(failure) } }, logger: silent)
  }

  /// Waits three seconds at most.
  private func wait(_ failures: Locked<[HandshakeFailure]>, for count: Int = 1) -> [HandshakeFailure] {
    for _ in 0..<600 where failures.withLock({ $0.count }) < count { usleep(5_000) }
    return failures.withLock { $0 }
  }

  /// The beginning of a ClientHello that is never complete: its record has 512 bytes.
  private let beginning: [UInt8] = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03]

  @Test("A handshake that does not end in time is cut off, whether nothing comes or a byte now and then")
  func slow() throws {
    let failures = Locked<[HandshakeFailure]>([])
    let server = try server(failures) { $0.handshake = .milliseconds(300) }
    let silent = try RawClient(server.port)
    let slow = try RawClient(server.port)
    for byte in beginning {
      guard slow.send([byte]) else { break }
      usleep(20_000)
    }
    #expect(silent.readAll() == [])
    #expect(slow.readAll() == [] || slow.read(1).isEmpty)
    #expect(wait(failures, for: 2) == [.timeout, .timeout])
  }

  @Test("Plaintext is no handshake, and a probe that leaves is told apart")
  func noTLS() throws {
    let failures = Locked<[HandshakeFailure]>([])
    let server = try server(failures)
    let plain = try RawClient(server.port)
    plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(!(plain.readText() ?? "").hasPrefix("HTTP"))
    #expect(wait(failures) == [.notTLS])
    do {
      let probe = try RawClient(server.port)
      probe.send(beginning)
    }
    #expect(wait(failures, for: 2) == [.notTLS, .gone])
  }

  @Test("Clients within their handshakes count as connections: the one too many ends the oldest at once")
  func crowded() throws {
    let failures = Locked<[HandshakeFailure]>([])
    let crowdedOut = Locked(0)
    let server = try server(failures, crowdedOut: crowdedOut) { $0.connections = 3 }
    let clients = try (0..<4).map { _ in try RawClient(server.port) }
    #expect(clients[0].readAll() == [])
    for _ in 0..<600 where crowdedOut.withLock({ $0 }) == 0 { usleep(5_000) }
    #expect(crowdedOut.withLock { $0 } == 1)
    clients[3].wait(0.1)
    #expect(clients[3].readAll() == nil, "it is waited for")
  }

  @Test(
    "What the library says of a handshake is one of a few words",
    arguments: [
      ("[… SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER …]", HandshakeFailure.notTLS),
      ("[… SSL routines:OPENSSL_internal:PEER_DID_NOT_RETURN_A_CERTIFICATE …]", .noCertificate),
      ("[… SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED …]", .badCertificate),
      ("[… SSL routines:OPENSSL_internal:TLSV1_ALERT_UNKNOWN_CA …]", .refused),
      ("[… SSL routines:OPENSSL_internal:UNSUPPORTED_PROTOCOL …]", .version),
      ("something else", .other),
    ])
  func words(_ text: String, _ expected: HandshakeFailure) {
    struct Said: Error, CustomStringConvertible { var description: String }
    #expect(HandshakeFailure(Said(description: text)) == expected)
  }
}
