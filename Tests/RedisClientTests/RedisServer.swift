import Foundation
import Glibc

/// Debian's redis-server on a port of its own, in a folder of its own; gone at the end of the test.
final class RedisServer {
  struct CannotStart: Error {}

  let port: Int
  private let folder: String
  private let options: [String]
  private var process: Process?

  /// - Parameter options: of its command line, beside those that keep it to this test.
  init(_ options: [String] = [], port: Int? = nil, tls: TestCertificates? = nil) throws {
    let port = try port ?? Self.freePort()
    self.port = port
    folder = NSTemporaryDirectory() + "redis-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let ports =
      tls.map {
        [
          "--port", "0", "--tls-port", "\(port)", "--tls-cert-file", $0.certificateFile, "--tls-key-file", $0.keyFile,
          "--tls-ca-cert-file", $0.authorityFile, "--tls-auth-clients", "no",
        ]
      } ?? ["--port", "\(port)"]
    self.options =
      ports + ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder, "--loglevel", "warning"]
      + options
    try start()
  }

  deinit {
    kill()
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// Starts it, again after it was killed. Returns when its port accepts connections.
  func start() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["redis-server"] + options
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    self.process = process
    for _ in 0..<1_000 {
      if Self.accepts(port) { return }
      guard process.isRunning else { throw CannotStart() }
      usleep(10_000)
    }
    throw CannotStart()
  }

  func signal(_ signal: Int32) { if let process { _ = Glibc.kill(process.processIdentifier, signal) } }

  /// Ends it as a crash would.
  func kill() {
    guard let process else { return }
    signal(SIGKILL)
    process.waitUntilExit()
    self.process = nil
  }

  private static func accepts(_ port: Int) -> Bool {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    return withAddress(port) { connect(socket, $0, $1) == 0 }
  }

  static func freePort() throws -> Int {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    guard withAddress(0, { bind(socket, $0, $1) == 0 }) else { throw CannotStart() }
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &size) }
    }
    guard status == 0 else { throw CannotStart() }
    return Int(UInt16(bigEndian: address.sin_port))
  }

  private static func withAddress<Value>(
    _ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Value
  ) -> Value {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}

/// An authority and a certificate for `localhost` that it has signed, made by openssl.
final class TestCertificates {
  struct CannotMake: Error {}

  private static let request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "

  private let folder: String
  var authorityFile: String { folder + "/ca.pem" }
  var certificateFile: String { folder + "/server.pem" }
  var keyFile: String { folder + "/server.key" }

  init() throws {
    folder = NSTemporaryDirectory() + "redis-tls-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Self.openssl(
      folder,
      Self.request + "-keyout ca.key -out ca.pem -subj /CN=test-ca")
    try Self.openssl(
      folder,
      Self.request + "-keyout server.key -out server.pem -subj /CN=r -CA ca.pem -CAkey ca.key"
        + " -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE")
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func authority() throws -> String { try String(contentsOfFile: authorityFile, encoding: .utf8) }

  private static func openssl(_ folder: String, _ words: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["openssl"] + words.split(separator: " ").map(String.init)
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw CannotMake() }
  }
}
