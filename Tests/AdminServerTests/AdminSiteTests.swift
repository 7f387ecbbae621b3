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
      StatusSnapshot(
        version: "1", reasons: reasons, uptime: 5, liveCalls: 300, callLimit: 2_000,
        calls: Array(
          repeating: .init(
            conversation: "</script>", tenant: "t", agent: "a", state: "listening", seconds: 1, turns: 2), count: 300),
        counters: [.init("calls answered", 7)], turnLatency: .init(count: 1, p50: 1, p90: 2, p99: .nan))
    }
  }

  private func request(_ path: String, host: String? = nil, authorization: String? = nil) -> ServerRequest {
    ServerRequest(path: path, host: host, authorization: authorization)
  }

  private func text(_ response: ServerResponse) -> String { String(decoding: response.body, as: UTF8.self) }

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
    "only GET and HEAD are served, and no bodies taken",
    arguments: ["POST", "DELETE", "PUT", "OPTIONS", "TRACE", "get", ""])
  func methods(method: String) {
    let refusal = site().respond(to: ServerRequest(method: method, path: "/metrics"))
    #expect(refusal.status == 405)
    #expect(refusal.fields.contains { $0 == "Allow" && $1 == "GET, HEAD" })
    #expect(site().respond(to: ServerRequest(method: "HEAD", path: "/metrics")).status == 200)
    #expect(site().respond(to: ServerRequest(path: "/metrics", hasBody: true)).status == 413)
  }

  @Test("S7: with a token, metrics, status and dashboard need it", arguments: ["/metrics", "/status", "/"])
  func token(path: String) {
    let site = site(token: "s3cret")
    for field in [nil, "", "Bearer", "Bearer s3cre", "Bearer s3cret2", "s3cret", "Digest s3cret", "Basic s3cret"] {
      let response = site.respond(to: request(path, authorization: field))
      #expect(response.status == 401)
      #expect(!text(response).contains("s3cret"))
    }
    let basic = Data("anyone:s3cret".utf8).base64EncodedString()
    for field in ["Bearer s3cret", "bearer s3cret", "Basic \(basic)"] {
      #expect(site.respond(to: request(path, authorization: field)).status == 200)
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
    #expect((object["turnLatency"] as? [String: Any])?["p90"] as? Double == 2)
  }

  @Test("the dashboard holds everything it needs and may talk to nobody else")
  func dashboard() {
    let response = site().respond(to: request("/"))
    #expect(response.contentType == "text/html; charset=utf-8")
    let html = text(response)
    #expect(!html.contains("http://") && !html.contains("https://") && !html.contains("innerHTML"))
    #expect(response.fields.contains { $0 == "Content-Security-Policy" && $1.hasPrefix("default-src 'none'") })
  }
}
