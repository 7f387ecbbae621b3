import Foundation
import Locking
import Logging
import Testing

@testable import HTTPServing

let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

@Suite("An HTTP server")
struct HTTPServerTests {
  /// Says what it was asked.
  private struct Echo: HTTPSite {
    var reads = true
    var response: @Sendable (ServerRequest) -> ServerResponse = { request in
      let line =
        "\(request.method) \(request.path) \(request.query ?? "-") \(request.field("x-key") ?? "-") \(request.peer ?? "-") "
      return .text(200, line + String(decoding: request.body, as: UTF8.self))
    }

    func readsBody(of head: ServerRequest) -> Bool { reads }
    func respond(to request: ServerRequest) -> ServerResponse { response(request) }
  }

  private func server(
    _ site: Echo = Echo(), crowdedOut: Locked<Int> = Locked(0),
    _ edit: (inout HTTPLimits) -> Void = { _ in }
  ) throws -> HTTPServer {
    var limits = HTTPLimits()
    limits.body = 1_000
    edit(&limits)
    return try HTTPServer(
      .init(host: "127.0.0.1", port: 0), site, name: "test", limits: limits,
      crowdedOut: { crowdedOut.withLock { $0 += 1 } }, logger: silent)
  }

  private func answer(_ server: HTTPServer, _ request: String) throws -> String? {
    let client = try RawClient(server.port)
    client.send(request)
    return client.readText()
  }

  private func isServing(_ server: HTTPServer) throws -> Bool {
    try answer(server, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n")?.hasPrefix("HTTP/1.1 200 OK\r\n") ?? false
  }

  @Test("A site is told the method, the decoded path, the query, the fields, the client's address and the body")
  func request() throws {
    let server = try server()
    let request = "PUT /a%20b/%C3%A9?q=%31&r HTTP/1.1\r\nHost: a\r\nX-KEY: v\r\nContent-Length: 3\r\n\r\nabcdef"
    let answer = try #require(try answer(server, request))
    #expect(answer.hasSuffix("\r\n\r\nPUT /a b/é q=%31&r v 127.0.0.1 abc\n"))
    let chunks =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nTrailer: 1\r\n\r\n"
    #expect(try self.answer(server, chunks)?.hasSuffix("POST / - - 127.0.0.1 abc\n") ?? false)
  }

  @Test("An answer that takes a while keeps nobody else waiting, and one that takes too long is given up")
  func late() throws {
    let held = Locked<[@Sendable (ServerResponse) -> Void]>([])
    let site = Echo { request in
      request.path == "/slow" ? .later { deliver in held.withLock { $0.append(deliver) } } : .text(200, "quick")
    }
    let server = try server(site)
    let late = try RawClient(server.port)
    late.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    while held.withLock({ $0.isEmpty }) { usleep(1_000) }
    #expect(try isServing(server))
    held.withLock { $0[0] }(.text(200, "made"))
    #expect(late.readText()?.hasSuffix("\r\n\r\nmade\n") ?? false)
    let hasty = try self.server(site) { $0.decision = .milliseconds(50) }
    #expect(try answer(hasty, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")?.hasPrefix("HTTP/1.1 503 ") ?? false)
    // Nothing comes of it any more.
    held.withLock { $0[1] }(.text(200, "made"))
    #expect(try isServing(hasty))
  }

  @Test("An answer has its length, the time, and the end of the connection in its head; to HEAD it is the head alone")
  func answers() throws {
    let server = try server()
    let answer = try #require(try answer(server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
    let head = answer.prefix(upTo: try #require(answer.range(of: "\r\n\r\n")).lowerBound)
    let body = answer[head.endIndex...].dropFirst(2)
    for field in [
      "Content-Length: \(body.utf8.count)", "Connection: close", "Cache-Control: no-store",
      "X-Content-Type-Options: nosniff",
    ] { #expect(head.contains("\r\n\(field)")) }
    #expect(head.contains(/\r\nDate: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT/))
    let alone = try #require(try self.answer(server, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"))
    #expect(alone.hasSuffix("\r\n\r\n") && alone.contains("\r\nContent-Length: \(body.utf8.count + 1)\r\n"))
    #expect(try self.answer(server, "GET / HTTP/1.0\r\n\r\n")?.hasPrefix("HTTP/1.1 200 OK\r\n") ?? false)
  }

  @Test("A client that waits before it sends its body is told to go on, unless its head is refused")
  func expectation() throws {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: "
    let willing = try server()
    let client = try RawClient(willing.port)
    client.send(head + "3\r\n\r\n")
    #expect(client.readHead() == "HTTP/1.1 100 Continue\r\n\r\n")
    client.send("abc")
    #expect(client.readText()?.hasSuffix("abc\n") ?? false)
    #expect(try answer(willing, head + "1001\r\n\r\n")?.hasPrefix("HTTP/1.1 413 ") ?? false)
    let unwilling = try server(Echo(reads: false, response: { _ in .text(401, "who are you?") }))
    #expect(try answer(unwilling, head + "3\r\n\r\n")?.hasPrefix("HTTP/1.1 401 ") ?? false)
  }

  @Test("A body that is too long is refused, whether its length is told or not, and its rest is not kept")
  func longBodies() throws {
    let server = try server()
    let long = String(repeating: "x", count: 40_000)
    let told = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n" + long
    #expect(try answer(server, told)?.hasPrefix("HTTP/1.1 413 ") ?? false)
    let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n9C40\r\n" + long
    #expect(try answer(server, chunked)?.hasPrefix("HTTP/1.1 413 ") ?? false)
    let endless = try RawClient(server.port)
    endless.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFF\r\n")
    var sent = 0
    while sent < 1_000, endless.send([UInt8](repeating: 120, count: 65_536)) { sent += 1 }
    #expect(sent < 200, "some of it may lie in the kernel's buffers, and no more")
  }

  @Test(
    "Two lengths, a length beside chunks, a second host or a second password are refused: nobody else reads the same request in them",
    arguments: [
      "Content-Length: 3\r\nContent-Length: 4\r\n", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: chunked, identity\r\n", "Host: b\r\n",
      "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n",
      "X : y\r\n", " X: y\r\n", "X: a\u{0}b\r\n",
    ])
  func smuggling(fields: String) throws {
    let server = try server()
    let answer = try #require(try answer(server, "POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\nabc"))
    #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(answer)")
  }

  @Test("What follows a request is not answered")
  func pipelining() throws {
    let server = try server()
    let one = "GET /one HTTP/1.1\r\nHost: a\r\n\r\n"
    let answer = try #require(try answer(server, one + "GET /two HTTP/1.1\r\nHost: a\r\n\r\n"))
    #expect(answer.contains("/one") && !answer.contains("/two"))
    #expect(answer.components(separatedBy: "HTTP/1.1 ").count == 2)
    let body = "POST /one HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na" + one
    #expect(try self.answer(server, body)?.components(separatedBy: "HTTP/1.1 ").count == 2)
  }

  @Test("A client that says nothing, or a byte now and then, is cut off")
  func slowRequests() throws {
    let impatient = try server { $0.patience = .milliseconds(200) }
    for beginning in ["", "GET /", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"] {
      let client = try RawClient(impatient.port)
      client.send(beginning)
      #expect(client.readText() == "")
    }
    let brisk = try server { $0.requestTime = .milliseconds(400) }
    let client = try RawClient(brisk.port)
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n")
    var sent = 0
    while sent < 100, client.send([0x78]) {
      sent += 1
      usleep(20_000)
    }
    #expect(sent < 100)
  }

  @Test("A client that reads slowly gets all of an answer, and one that does not read is cut off")
  func slowReaders() throws {
    let page = [UInt8](repeating: 0x79, count: 8_000_000)
    let server = try server(
      Echo(response: { _ in ServerResponse(status: 200, contentType: "text/plain", body: page) })
    ) { $0.patience = .milliseconds(500) }
    let slow = try RawClient(server.port, receiveBuffer: 65_536)
    slow.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    let deaf = try RawClient(server.port, receiveBuffer: 65_536)
    deaf.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    var got = slow.readHead().isEmpty ? -1 : 0
    // Longer than the patience in all, and never silent for as long.
    for _ in 0..<10 {
      usleep(100_000)
      got += slow.read(100_000).count
    }
    got += slow.readAll()?.count ?? 0
    #expect(got == page.count)
    #expect((deaf.readAll()?.count ?? 0) < page.count)
    #expect(try answer(server, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")?.hasPrefix("HTTP/1.1 200 ") ?? false)
  }

  @Test("A client that has finished sending is answered")
  func halfClosed() throws {
    let server = try server()
    let client = try RawClient(server.port)
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab")
    client.finishSending()
    #expect(client.readText()?.hasSuffix("ab\n") ?? false)
    let cut = try RawClient(server.port)
    cut.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
    cut.finishSending()
    #expect(!(cut.readText() ?? "").contains("200"))
  }

  @Test("A late answer holds up nobody else, a dropped one closes, and neither holds up the end")
  func lateAnswers() throws {
    let site = Echo(response: { request in
      var response = ServerResponse.text(200, "ok")
      if request.path == "/late" { response.delay = .milliseconds(300) }
      if request.path == "/never" { response.delay = .seconds(60) }
      response.isDropped = request.path == "/dropped"
      return response
    })
    let server = try server(site)
    let late = try RawClient(server.port)
    late.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(try answer(server, "GET /dropped HTTP/1.1\r\nHost: a\r\n\r\n") == "")
    #expect(try isServing(server))
    #expect(late.readText()?.hasSuffix("ok\n") ?? false)
    let never = try RawClient(server.port)
    never.send("GET /never HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(try isServing(server))
    let began = ContinuousClock.now
    server.stop()
    #expect(ContinuousClock.now - began < .seconds(5))
    #expect(never.readText() == "")
    #expect(throws: POSIXError.self) { _ = try RawClient(server.port) }
  }

  @Test("The connection that is one too many ends the oldest, and is counted")
  func crowd() throws {
    let crowdedOut = Locked(0)
    let server = try server(crowdedOut: crowdedOut) { $0.connections = 4 }
    let first = try (0..<4).map { _ in try RawClient(server.port) }
    // One after the other, as they were opened.
    #expect(try isServing(server))
    #expect(first[0].readText() == "")
    first[1].send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(first[1].readText()?.hasPrefix("HTTP/1.1 200 ") ?? false)
    #expect(crowdedOut.withLock { $0 } == 1)
  }
}
