import Testing

@testable import AdminServer

@Suite("HTTP requests")
struct HTTPRequestTests {
  @Test("a request's method, path without query and fields are read")
  func good() throws {
    let request = try HTTPRequest(head: Array("GET /metrics?x=1 HTTP/1.1\r\nHost: a:80\r\nX-Y:\t z \r\n\r\n".utf8))
    #expect(request.method == "GET")
    #expect(request.path == "/metrics")
    #expect(request.fields == ["host": "a:80", "x-y": "z"])
  }

  @Test(
    "what is no strict HTTP/1.1 is refused",
    arguments: [
      "", "GET", "GET / HTTP/1.1 x", "GET  / HTTP/1.1", "get / HTTP/1.1", "GET a HTTP/1.1", "GET http://a/ HTTP/1.1",
      "GET /\u{1} HTTP/1.1", "GET / FTP/1.1", "GET / HTTP/1.1\r\nHost a", "GET / HTTP/1.1\r\nHost : a",
      "GET / HTTP/1.1\r\n folded", "GET / HTTP/1.1\r\nHost: a\r\nhost: b", "GET / HTTP/1.1\r\nX: a\u{0}b",
      "GET / HTTP/1.1\nHost: a", "GET / HTTP/1.1\r\nAuthorization: a\r\nAuthorization: b", "\u{16}\u{3}\u{1}",
    ])
  func bad(head: String) {
    #expect(throws: HTTPRequest.Malformed.badRequest) { try HTTPRequest(head: Array((head + "\r\n\r\n").utf8)) }
  }

  @Test("another version is told apart, and too many fields are too large")
  func others() {
    #expect(throws: HTTPRequest.Malformed.versionNotSupported) {
      try HTTPRequest(head: Array("PRI * HTTP/2.0\r\n\r\n".utf8))
    }
    let fields = (0..<65).map { "X-\($0): y\r\n" }.joined()
    #expect(throws: HTTPRequest.Malformed.tooLarge) {
      try HTTPRequest(head: Array("GET / HTTP/1.1\r\n\(fields)\r\n".utf8))
    }
  }

  @Test("a head ends with its empty line, or is too large at 8 KB")
  func length() throws {
    #expect(try HTTPRequest.headLength(Array("GET / HTTP/1.1\r\n".utf8)) == nil)
    #expect(try HTTPRequest.headLength(Array("GET / HTTP/1.1\r\n\r\nbody".utf8)) == 18)
    #expect(throws: HTTPRequest.Malformed.tooLarge) {
      try HTTPRequest.headLength([UInt8](repeating: 65, count: HTTPRequest.maximumHeadLength))
    }
  }

  @Test("random bytes are refused or read, and never trap")
  func random() {
    var random = SystemRandomNumberGenerator()
    let good = Array("GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic eDp5\r\n\r\n".utf8)
    for _ in 0..<5_000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let at = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: at)
        default: bytes.insert(contentsOf: bytes[at...].prefix(20), at: at)
        }
      }
      _ = try? HTTPRequest(head: bytes)
    }
  }
}
