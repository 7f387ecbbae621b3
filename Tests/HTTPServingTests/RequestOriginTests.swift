import Testing

@testable import HTTPServing

@Suite("Where a request comes from")
struct RequestOriginTests {
  @Test(
    "a page's own requests, and those of clients that are no browsers",
    arguments: [
      [], [("Origin", "http://localhost:8080")], [("Origin", "HTTP://LocalHost:8080")],
      [("Sec-Fetch-Site", "same-origin")], [("Sec-Fetch-Site", "none")],
      [("Origin", "http://localhost:8080"), ("Sec-Fetch-Site", "same-origin")],
    ] as [[(name: String, value: String)]])
  func own(fields: [(name: String, value: String)]) {
    #expect(!ServerRequest(path: "/", host: "localhost:8080", fields: fields).isOfAnotherOrigin)
  }

  @Test("the port of the scheme may be left out", arguments: ["http://h:80", "http://h"], ["h", "h:80"])
  func port(origin: String, host: String) {
    #expect(!ServerRequest(path: "/", host: host, fields: [("Origin", origin)]).isOfAnotherOrigin)
    #expect(ServerRequest(path: "/", host: "h:443", fields: [("Origin", origin)]).isOfAnotherOrigin)
  }

  @Test(
    "those of other pages",
    arguments: [
      [("Origin", "http://localhost:8081")], [("Origin", "http://evil.example.com")], [("Origin", "null")],
      [("Origin", "")], [("Origin", "http://localhost:8080.evil.example.com")], [("Origin", "file://localhost:8080")],
      [("Origin", "http://localhost:8080"), ("Origin", "http://localhost:8080")], [("Sec-Fetch-Site", "cross-site")],
      [("Sec-Fetch-Site", "same-site")],
    ] as [[(name: String, value: String)]])
  func others(fields: [(name: String, value: String)]) {
    #expect(ServerRequest(path: "/", host: "localhost:8080", fields: fields).isOfAnotherOrigin)
  }

  @Test("where TLS ends here, a page in plaintext is another's")
  func plaintext() {
    for (scheme, isOther) in [("http", true), ("https", false)] {
      var request = ServerRequest(path: "/", host: "h", fields: [("Origin", "\(scheme)://h")])
      request.isSecure = true
      #expect(request.isOfAnotherOrigin == isOther)
    }
  }

  @Test("without a host nothing is a page's own")
  func noHost() {
    #expect(ServerRequest(path: "/", fields: [("Origin", "http://localhost:8080")]).isOfAnotherOrigin)
  }
}
