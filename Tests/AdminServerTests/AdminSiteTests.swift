import Foundation
import HTTPServing
import Telemetry
import Testing

@testable import AdminServer

@Suite("Admin site")
struct AdminSiteTests {
  private func site(token: String? = nil, reasons: [String] = []) -> AdminSite {
    AdminSite(token: { token }, metrics: MetricsRegistry()) {
      Readiness(reasons: reasons)
    } status: {
      var status = StatusSnapshot(version: "1", reasons: reasons, uptime: 5, liveCalls: 300, callLimit: 2_000)
      let call = StatusSnapshot.Call(
        id: 1, conversation: "</script>", tenant: "t", organization: "o", agent: "a", agentName: "A", state: "waiting",
        seconds: 1, turns: 2)
      status.calls = Array(repeating: call, count: 300)
      status.totals.answers = 7
      return status
    }
  }

  private func request(_ path: String, host: String? = nil, authorization: String? = nil) -> ServerRequest {
    ServerRequest(path: path, host: host, authorization: authorization)
  }

  private func text(_ response: ServerResponse) -> String { String(decoding: response.body, as: UTF8.self) }

  @Test(
    "a socket is its opener's to decide, under a local name where there is no token",
    arguments: [
      ("/s", "localhost:8080", nil, "opener"), ("/s", "evil.example.com", nil, "not under this host name\n"),
      ("/s", "voice.example.com", "t", "opener"), ("/t", "localhost", nil, "there is /livez"),
    ] as [(String, String, String?, String)])
  func sockets(path: String, host: String, token: String?, answer: String) async {
    var site = site(token: token)
    site.sockets = { ["/s": { _, decide in decide(.refuse(.text(418, "opener"))) }] }
    let decision = await withCheckedContinuation { decided in
      site.upgrade(request(path, host: host)) { decided.resume(returning: $0) }
    }
    guard case .refuse(let response) = decision else {
      Issue.record("a socket of nobody's")
      return
    }
    #expect(text(response).hasPrefix(answer))
  }

  @Test("what only an operator may hear needs the token, on loopback too, and no page of another origin gets at it")
  func guarded() {
    func status(_ token: String?, _ authorization: String?, _ fields: [(String, String)] = []) -> Int {
      var site = site(token: token)
      site.guardedPaths = { ["/recordings/": { _ in .text(299, "heard") }] }
      return site.respond(
        to: ServerRequest(
          path: "/recordings/7", host: "localhost", authorization: authorization, fields: fields)
      ).status
    }
    #expect(status(nil, nil) == 403)
    #expect(status("secret", nil) == 401 && status("secret", "Bearer wrong") == 401)
    #expect(status("secret", "Bearer secret") == 299 && status("secret", "Basic OnNlY3JldA==") == 299)
    #expect(status("secret", "Basic OnNlY3JldA==", [("Sec-Fetch-Site", "cross-site")]) == 403)
    #expect(status("secret", "Basic OnNlY3JldA==", [("Sec-Fetch-Site", "same-origin")]) == 299)
  }

  @Test("a page that was added is the dashboard's to serve, with its policy, and the status names it")
  func pages() throws {
    var site = site()
    #expect(site.respond(to: request("/phone")).status == 404)
    site.pages = { ["/phone": "phone.html"] }
    let page = site.respond(to: request("/phone"))
    #expect(page.status == 200 && page.contentType.hasPrefix("text/html"))
    #expect(page.fields.contains { $0.0 == "Content-Security-Policy" })
    #expect(text(site.respond(to: request("/status"))).contains("\"pages\":[\"/phone\"]"))
    #expect(site.respond(to: request("/dashboard/phone-worklet.js")).status == 200)
  }

  @Test("/livez is 200 while the process serves; /readyz only when calls can be taken")
  func health() {
    #expect(site(reasons: ["draining"]).respond(to: request("/livez")).status == 200)
    let ready = site().respond(to: request("/readyz"))
    #expect(ready.status == 200)
    #expect(text(ready) == "{\"ready\":true,\"reasons\":[]}\n")
    let notReady = site(reasons: ["no keys yet", "draining"]).respond(to: request("/readyz"))
    #expect(notReady.status == 503)
    #expect(text(notReady) == "{\"ready\":false,\"reasons\":[\"no keys yet\",\"draining\"]}\n")
  }

  @Test(
    "Webex's ping is answered for any service name, without a token", arguments: ["patchbay", "voice-1.x", "A~b_c"])
  func ping(service: String) {
    let response = site(token: "t").respond(to: request("/\(service)/v1/ping"))
    #expect(response.status == 200)
    #expect(response.contentType == "application/json")
    #expect(
      text(response) == "{\"message\":\"pong\",\"serviceName\":\"\(service)\",\"serviceState\":\"online\"}\n")
  }

  @Test(
    "other paths are not found",
    arguments: ["/x", "//v1/ping", "/a/b/v1/ping", "/a/v1/ping/", "/a%2F/v1/ping", "/metrics/", "/..", "/status/x"])
  func notFound(path: String) { #expect(site().respond(to: request(path)).status == 404) }

  @Test(
    "a question is a POST request for those who may read the metrics: with the token where there is one, else under a local name",
    arguments: [
      ("POST", nil, nil, nil, 200), ("POST", nil, nil, "evil.example.com", 403), ("POST", nil, "t", nil, 401),
      ("POST", "Bearer t", "t", nil, 200), ("POST", "Bearer u", "t", nil, 401), ("GET", "Bearer t", "t", nil, 404),
    ] as [(String, String?, String?, String?, Int)])
  func questions(method: String, authorization: String?, token: String?, host: String?, status: Int) {
    var site = site(token: token)
    site.questions = { ["/ask": { .text(200, String(decoding: $0.body, as: UTF8.self)) }] }
    let request = ServerRequest(
      method: method, path: "/ask", host: host, authorization: authorization, body: method == "POST" ? [0x61] : [])
    let response = site.respond(to: request)
    #expect(response.status == status)
    #expect(site.readsBody(of: request) == (status == 200))
    if status == 200 { #expect(text(response) == "a\n") }
  }

  @Test(
    "an action wants a POST request with the token as a bearer token, even where all else is open",
    arguments: [
      ("POST", "/act", "Bearer t", "t", 200), ("POST", "/act", "bearer t", "t", 200),
      ("POST", "/act", "Bearer u", "t", 401),
      ("POST", "/act", nil, "t", 401), ("POST", "/act", "Basic eDp0", "t", 401), ("GET", "/act", "Bearer t", "t", 404),
      ("PUT", "/act", "Bearer t", "t", 405), ("POST", "/other", "Bearer t", "t", 405),
      ("POST", "/act", "Bearer t", nil, 403),
    ] as [(String, String, String?, String?, Int)])
  func actions(method: String, path: String, authorization: String?, token: String?, status: Int) {
    var site = site(token: token)
    site.actions = { ["/act": { _ in .text(200, "done") }] }
    let request = ServerRequest(method: method, path: path, authorization: authorization, body: [1])
    #expect(site.respond(to: request).status == (method == "GET" ? 413 : status))
  }

  @Test(
    "whatever changes something is not for pages of other origins, be their credentials good",
    arguments: [("/act", "Bearer t"), ("/ask", "Basic eDp0"), ("/2010-04-01/Accounts/A/Calls/C.json", "Basic eDp0")])
  func foreignPages(path: String, authorization: String) {
    var site = site(token: "t")
    site.callEnding = CallEnding { _, _, _ in .completed }
    site.actions = { ["/act": { _ in .text(200, "done") }] }
    site.questions = { ["/ask": { _ in .text(200, "done") }] }
    for (origin, status) in [("https://evil.example", 403), ("null", 403), ("http://localhost:8080", 200)] {
      let request = ServerRequest(
        method: "POST", path: path, host: "localhost:8080", authorization: authorization, fields: [("Origin", origin)],
        body: Array("Status=completed".utf8))
      #expect(site.respond(to: request).status == status)
      #expect(site.readsBody(of: request) == (status == 200))
    }
    #expect(site.respond(to: ServerRequest(path: "/livez", fields: [("Origin", "https://evil.example")])).status == 200)
  }

  @Test(
    "only GET and HEAD are served, and no bodies taken",
    arguments: ["POST", "DELETE", "PUT", "OPTIONS", "TRACE", "get", ""])
  func methods(method: String) {
    let refusal = site().respond(to: ServerRequest(method: method, path: "/metrics"))
    #expect(refusal.status == 405)
    #expect(refusal.fields.contains { $0 == "Allow" && $1 == "GET, HEAD" })
    #expect(site().respond(to: ServerRequest(method: "HEAD", path: "/metrics")).status == 200)
    #expect(site().respond(to: ServerRequest(path: "/metrics", hasBody: true)).status == 413)
  }

  @Test(
    "S7: with a token, metrics, status and dashboard need it",
    arguments: ["/metrics", "/status", "/status/x/1", "/", "/dashboard/main.js"])
  func token(path: String) {
    let site = site(token: "s3cret")
    for field in [nil, "", "Bearer", "Bearer s3cre", "Bearer s3cret2", "s3cret", "Digest s3cret", "Basic s3cret"] {
      let response = site.respond(to: request(path, authorization: field))
      #expect(response.status == 401)
      #expect(!text(response).contains("s3cret"))
    }
    let basic = Data("anyone:s3cret".utf8).base64EncodedString()
    for field in ["Bearer s3cret", "bearer s3cret", "Basic \(basic)"] {
      #expect(site.respond(to: request(path, authorization: field)).status == (path == "/status/x/1" ? 404 : 200))
    }
  }

  @Test(
    "without a token, only addresses and localhost are taken as the host",
    arguments: [
      ("localhost:8080", 200), ("127.0.0.1", 200), ("[::1]:8080", 200), ("evil.example:8080", 403), ("a127.0.0.1", 403),
      ("", 403),
    ])
  func host(host: String, status: Int) {
    #expect(site().respond(to: request("/status", host: host)).status == status)
    #expect(site(token: "t").respond(to: request("/readyz", host: host)).status == 200)
  }

  @Test("the status lists 200 calls at most, and counts them all")
  func status() throws {
    let response = site().respond(to: request("/status"))
    let object = try #require(try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
    #expect((object["calls"] as? [Any])?.count == 200)
    #expect(object["liveCalls"] as? Int == 300)
    #expect((object["totals"] as? [String: Any])?["answers"] as? Int == 7)
    #expect((object["verdict"] as? [String: Any])?["tone"] as? String == "good")
    #expect(object["canAct"] as? Bool == false)
  }

  @Test("details are read below /status by the name they were added under; what nobody knows is 404")
  func details() {
    var site = site()
    site.details = { ["calls": { $0 == "a/b" ? ["found": $0] : nil }] }
    #expect(text(site.respond(to: request("/status/calls/a/b"))) == "{\"found\":\"a/b\"}\n")
    for path in ["/status/calls/a", "/status/calls/", "/status/calls", "/status/", "/status/other/a/b"] {
      #expect(site.respond(to: request(path)).status == 404)
    }
  }

  @Test("the dashboard holds everything it needs and may talk to nobody else")
  func dashboard() throws {
    var site = site()
    site.pages = { ["/phone": "phone.html", "/runbook": "runbook.html"] }
    let response = site.respond(to: request("/"))
    #expect(response.contentType == "text/html; charset=utf-8")
    let policy = try #require(response.fields.first { $0.0 == "Content-Security-Policy" }?.1)
    #expect(policy.hasPrefix("default-src 'none'") && !policy.contains("unsafe") && !policy.contains("http"))
    let named = text(response).matches(of: /(?:src|href)="(?!data:)([^"]+)"/).map { String($0.1) }
    #expect(named.count == 5)
    var scripts = 0
    for name in named + DashboardFiles.all.keys.map({ "dashboard/\($0)" }) {
      let file = site.respond(to: request("/\(name)"))
      #expect(file.status == 200)
      guard name != "dashboard/dygraph.min.js" else { continue }
      // Its own files: nothing from elsewhere, and no text is ever read as HTML.
      let text = text(file)
      #expect(!text.contains("://"), "\(name)")
      #expect(!text.contains("innerHTML") && !text.contains("insertAdjacentHTML"), "\(name)")
      for imported in text.matches(of: /import .* from '\.\/([^']+)'/) {
        scripts += 1
        #expect(DashboardFiles.all[String(imported.1)]?.contentType == "text/javascript; charset=utf-8")
      }
    }
    #expect(scripts > 5)
    #expect(site.respond(to: request("/dashboard/index.htm")).status == 404)
  }
}
