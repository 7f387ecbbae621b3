import Foundation
import Glibc
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

  @discardableResult
  func send(_ text: String) -> Bool {
    Array(text.utf8).withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) } > 0
  }

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
    version: "1", reasons: [], uptime: 5, liveCalls: 0, callLimit: 1, calls: [], counters: [], turnLatency: nil)
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
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      try await body(address.port)
      await server.stop()
      try await group.waitForAll()
    }
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
      func curl(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
          ["curl", "-s", "-m", "5", "-w", "%{http_code}"] + arguments + ["http://127.0.0.1:\(port)/metrics"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
      }
      let bearer = try curl(["-H", "Authorization: Bearer s3cret"])
      #expect(bearer.hasSuffix("patchbay_test 42\n200"))
      let basic = try curl(["-u", "me:s3cret"])
      #expect(basic.hasSuffix("200"))
      let nothing = try curl([])
      #expect(nothing.hasSuffix("401"))
    }
  }

  @Test("a request in pieces is answered; a bad or endless one is refused, and others are served beside it")
  func hostile() async throws {
    try await withServer { port in
      let slow = try Client(port)
      slow.send("GET /livez HT")
      for (text, status) in [
        ("\u{16}\u{3}\u{1}\r\n\r\n", "400"), ("GET / HTTP/2.0\r\n\r\n", "505"),
        ("GET / HTTP/1.1\r\nX: " + String(repeating: "y", count: 20_000), "431"),
        ("POST /metrics HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", "405"),
        ("GET /livez HTTP/1.1\r\n\r\nGET /livez HTTP/1.1\r\n\r\n", "200"),
      ] {
        let client = try Client(port)
        client.send(text)
        let answer = try #require(client.received())
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
      }
      slow.send("TP/1.1\r\n\r\n")
      #expect(slow.received()?.hasPrefix("HTTP/1.1 200 ") ?? false)
    }
  }

  @Test("connections that say nothing cannot keep others out")
  func silent() async throws {
    try await withServer { port in
      var silent: [Int32] = []
      defer { for descriptor in silent { close(descriptor) } }
      for _ in 0..<200 {
        let client = try Client(port)
        silent.append(dup(client.descriptor))
      }
      let client = try Client(port)
      client.send("GET /livez HTTP/1.1\r\n\r\n")
      #expect(client.received()?.hasPrefix("HTTP/1.1 200 ") ?? false)
    }
  }

  @Test("a client that never reads does not hold up the server")
  func deaf() async throws {
    try await withServer { port in
      let deaf = try Client(port)
      deaf.send("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
      let client = try Client(port)
      client.send("GET /livez HTTP/1.1\r\n\r\n")
      #expect(client.received()?.hasPrefix("HTTP/1.1 200 ") ?? false)
    }
  }

  @Test("a taken port is an error that names it; run needs start; stopping twice is fine")
  func lifecycle() async throws {
    let first = Self.server("127.0.0.1", 0)
    await #expect(throws: AdminServer.BindError.self) { try await first.run() }
    let address = try await first.start()
    await #expect {
      try await Self.server("127.0.0.1", address.port).start()
    } throws: { error in
      "\(error)" == "cannot listen on \(address): Address already in use"
    }
    let task = Task { try await first.run() }
    task.cancel()
    try await task.value
    #expect(throws: POSIXError.self) { _ = try Client(address.port) }
    await first.stop()
    await first.stop()
    #expect(AdminServer.Address(host: "::1", port: 1).description == "[::1]:1")
    let six = Self.server("::1", 0)
    if let bound = try? await six.start() { #expect(bound.port != 0) }
  }
}
