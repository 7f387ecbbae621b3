import Basics
import Foundation
import Glibc
import HTTPServing
import Logging
import Telemetry
import Testing

@testable import AdminServer

/// A TCP client that waits at most two seconds for bytes.
private final class Client {
  let descriptor: Int32

  init(_ port: UInt16) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let descriptor = descriptor
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw POSIXError(.ECONNREFUSED) }
    var timeout = timeval(tv_sec: 2, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  func send(_ text: String) { send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) {
    _ = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
  }

  func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// All bytes until the server closes; `nil` where it does not within two seconds.
  func received() -> String? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count > 0 {
        bytes += buffer[..<count]
      } else {
        return count == 0 ? String(decoding: bytes, as: UTF8.self) : nil
      }
    }
  }
}

@Suite("Admin server", .serialized)
struct AdminServerTests {
  private static let snapshot = StatusSnapshot(
    version: "1", reasons: [], uptime: 5, liveCalls: 0, callLimit: 1)
  private static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  private static func server(
    _ host: String, _ port: UInt16, token: String? = nil, metrics: MetricsRegistry = MetricsRegistry()
  ) -> AdminServer {
    AdminServer(
      address: .init(host: host, port: port), token: token, metrics: metrics, readiness: { .ready },
      status: { snapshot }, logger: silent)
  }

  private func withServer(token: String? = nil, _ body: @escaping @Sendable (UInt16) async throws -> Void) async throws
  {
    let registry = MetricsRegistry()
    registry.gauge("patchbay_test", "A test.") { 42 }
    let server = Self.server("127.0.0.1", 0, token: token, metrics: registry)
    let address = try await server.start()
    #expect(address.port != 0)
    defer { server.stop() }
    try await body(address.port)
  }

  private static func isServing(_ port: UInt16) throws -> Bool {
    let client = try Client(port)
    client.send("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
    return client.received()?.hasPrefix("HTTP/1.1 200 ") ?? false
  }

  /// What curl writes: the answer's body and its status.
  private static func curl(_ arguments: String...) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["curl", "-s", "-m", "5", "-w", "%{http_code}"] + arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }

  @Test("every page is served over real HTTP, and the connection is closed after it")
  func pages() async throws {
    try await withServer { port in
      for (path, content) in [
        ("/livez", "\r\n\r\nok\n"), ("/readyz", "{\"ready\":true"), ("/metrics", "patchbay_test 42\n"),
        ("/status", "\"callLimit\":1"), ("/", "<!doctype html>"), ("/x/v1/ping", "pong"),
      ] {
        let client = try Client(port)
        client.send("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        let answer = try #require(client.received())
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.contains(content))
        #expect(answer.contains("\r\nConnection: close\r\n"))
      }
    }
  }

  @Test("curl reads the metrics with a token and is refused without")
  func curl() async throws {
    try await withServer(token: "s3cret") { port in
      let url = "http://127.0.0.1:\(port)/metrics"
      let bearer = try Self.curl("-H", "Authorization: Bearer s3cret", url)
      #expect(bearer.hasSuffix("patchbay_test 42\n200"))
      let basic = try Self.curl("-u", "me:s3cret", url)
      #expect(basic.hasSuffix("200"))
      let nothing = try Self.curl(url)
      #expect(nothing.hasSuffix("401"))
    }
  }

  @Test("HEAD is answered with the head alone")
  func head() async throws {
    try await withServer { port in
      let client = try Client(port)
      client.send("HEAD /livez HTTP/1.1\r\nHost: a\r\n\r\n")
      let answer = try #require(client.received())
      #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.contains("\r\nContent-Length: 3\r\n"))
      #expect(answer.hasSuffix("\r\n\r\n"))
    }
  }

  @Test("a request in pieces is answered, and others are served beside it")
  func pieces() async throws {
    try await withServer { port in
      let slow = try Client(port)
      slow.send("GET /livez HT")
      #expect(try Self.isServing(port))
      slow.send("TP/1.1\r\nHo")
      #expect(try Self.isServing(port))
      slow.send("st: a\r\n\r\n")
      #expect(slow.received()?.hasPrefix("HTTP/1.1 200 ") ?? false)
    }
  }

  @Test(
    "a bad or endless request is refused, or where that is hopeless, its connection closed",
    arguments: [
      ("\u{16}\u{3}\u{1}\r\n\r\n", nil), ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505"),
      ("GET / FTP/1.1\r\nHost: a\r\n\r\n", "400"), ("GET / HTTP/1.1\r\n\r\n", "400"),
      ("GET /livez a HTTP/1.1\r\nHost: a\r\n\r\n", nil), ("GET /livez HTTP/1.1\r\nHost a\r\n\r\n", "400"),
      ("GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", "400"),
      ("GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", "413"),
      ("GET http://a/livez HTTP/1.1\r\nHost: a\r\n\r\n", "404"),
      ("GET /livez%2Fx HTTP/1.1\r\nHost: a\r\n\r\n", "404"), ("GET /%FF HTTP/1.1\r\nHost: a\r\n\r\n", "404"),
      ("GET /status HTTP/1.1\r\nHost: localhost%FF\r\n\r\n", "403"),
      ("GET /" + String(repeating: "y", count: 40_000), "414"),
      ("GET / HTTP/1.1\r\nX: " + String(repeating: "y", count: 40_000), "431"),
      ("GET / HTTP/1.1\r\n" + String(repeating: "X: y\r\n", count: 4_000), "431"),
      ("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", "405"),
      ("GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", "413"),
      ("GET /livez HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "413"),
      ("GET /livez HTTP/1.1\r\nHost: a\r\n\r\nGET /livez HTTP/1.1\r\nHost: a\r\n\r\n", "200"),
    ])
  func hostile(text: String, status: String?) async throws {
    try await withServer { port in
      let client = try Client(port)
      client.send(text)
      let answer = try #require(client.received())
      if let status {
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
        // What the site answers is there once at most, whatever follows the request.
        #expect(answer.components(separatedBy: "nosniff").count <= 2)
      } else {
        #expect(answer.isEmpty)
      }
      #expect(try Self.isServing(port))
    }
  }

  @Test("mutated requests are refused or answered, and the next client is served")
  func random() async throws {
    try await withServer { port in
      var random = SystemRandomNumberGenerator()
      let good = Array("GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic eDp5\r\n\r\n".utf8)
      for _ in 0..<500 {
        var bytes = good
        for _ in 0..<Int.random(in: 1...6, using: &random) {
          let at = Int.random(in: 0..<bytes.count, using: &random)
          switch Int.random(in: 0..<3, using: &random) {
          case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
          case 1: bytes.remove(at: at)
          default: bytes.insert(contentsOf: bytes[at...].prefix(20), at: at)
          }
        }
        let client = try Client(port)
        client.send(bytes)
        client.finishSending()
        let answer = try #require(client.received())
        #expect(answer.isEmpty || answer.hasPrefix("HTTP/1."))
      }
      #expect(try Self.isServing(port))
    }
  }

  @Test("connections that say nothing cannot keep others out", arguments: ["", "GET /livez HTTP/1.1\r\nX: "])
  func silent(beginning: String) async throws {
    try await withServer { port in
      var silent: [Client] = []
      for _ in 0..<200 {
        let client = try Client(port)
        if !beginning.isEmpty { client.send(beginning) }
        silent.append(client)
      }
      #expect(try Self.isServing(port))
      #expect(silent.first?.received() == "")
      withExtendedLifetime(silent) {}
    }
  }

  @Test("a client that never reads does not hold up the server")
  func deaf() async throws {
    try await withServer { port in
      let deaf = try Client(port)
      deaf.send("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
      #expect(try Self.isServing(port))
    }
  }

  @Test("a taken port is an error that names it; stopping twice is fine")
  func lifecycle() async throws {
    let first = Self.server("127.0.0.1", 0)
    let address = try await first.start()
    await #expect {
      try await Self.server("127.0.0.1", address.port).start()
    } throws: { error in
      "\(error)" == "cannot listen on \(address): Failed to bind to port \(address.port): Address already in use"
    }
    first.stop()
    #expect(throws: POSIXError.self) { _ = try Client(address.port) }
    first.stop()
    #expect(NetworkAddress(host: "::1", port: 1).description == "[::1]:1")
    await #expect {
      try await Self.server("admin.example", 0).start()
    } throws: { error in
      "\(error)" == "cannot listen on admin.example:0: not an IP address"
    }
  }

  @Test("IPv4, IPv6 and localhost are bound, and the port is told", arguments: ["127.0.0.1", "localhost", "::1"])
  func hosts(host: String) async throws {
    let server = Self.server(host, 0)
    let address = try await server.start()
    #expect(address.host == host && address.port != 0)
    #expect(try Self.curl("-g", "http://\(address)/livez") == "ok\n200")
    server.stop()
  }
}
