import Foundation
import Telemetry
import Testing

@testable import AdminServer

@Suite("Admin site")
struct AdminSiteTests {
  private func site(token: String? = nil, reasons: [String] = []) -> AdminSite {
    AdminSite(token: token, metrics: MetricsRegistry()) {
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

  private func request(_ path: String, _ fields: [String: String] = [:], method: String = "GET") throws -> HTTPRequest {
    let lines = fields.map { "\($0): \($1)\r\n" }.joined()
    return try HTTPRequest(head: Array("\(method) \(path) HTTP/1.1\r\n\(lines)\r\n".utf8))
  }

  private func text(_ response: HTTPResponse) -> String { String(decoding: response.body, as: UTF8.self) }

  @Test("/livez is 200 while the process serves; /readyz only when calls can be taken")
  func health() throws {
    #expect(try site(reasons: ["draining"]).respond(to: request("/livez")).status == 200)
    let ready = try site().respond(to: request("/readyz"))
    #expect(ready.status == 200)
    #expect(text(ready) == "{\"ready\":true,\"reasons\":[]}\n")
    let notReady = try site(reasons: ["no keys yet", "draining"]).respond(to: request("/readyz"))
    #expect(notReady.status == 503)
    #expect(text(notReady) == "{\"ready\":false,\"reasons\":[\"no keys yet\",\"draining\"]}\n")
  }

  @Test(
    "Webex's ping is answered for any service name, without a token", arguments: ["patchbay", "voice-1.x", "A~b_c"])
  func ping(service: String) throws {
    let response = try site(token: "t").respond(to: request("/\(service)/v1/ping"))
    #expect(response.status == 200)
    #expect(response.contentType == "application/json")
    #expect(
      text(response) == "{\"message\":\"pong\",\"serviceName\":\"\(service)\",\"serviceState\":\"online\"}\n")
  }

  @Test(
    "other paths are not found",
    arguments: ["/x", "//v1/ping", "/a/b/v1/ping", "/a/v1/ping/", "/a%2F/v1/ping", "/metrics/", "/..", "/status/x"])
  func notFound(path: String) throws { #expect(try site().respond(to: request(path)).status == 404) }

  @Test("only GET and HEAD are served", arguments: ["POST", "DELETE", "PUT", "OPTIONS", "TRACE"])
  func methods(method: String) throws {
    #expect(try site().respond(to: request("/metrics", method: method)).status == 405)
    #expect(try site().respond(to: request("/metrics", method: "HEAD")).status == 200)
  }

  @Test("S7: with a token, metrics, status and dashboard need it", arguments: ["/metrics", "/status", "/"])
  func token(path: String) throws {
    let site = site(token: "s3cret")
    for field in [nil, "", "Bearer", "Bearer s3cre", "Bearer s3cret2", "s3cret", "Digest s3cret", "Basic s3cret"] {
      let response = site.respond(to: try request(path, field.map { ["Authorization": $0] } ?? [:]))
      #expect(response.status == 401)
      #expect(!text(response).contains("s3cret"))
    }
    let basic = Data("anyone:s3cret".utf8).base64EncodedString()
    for field in ["Bearer s3cret", "bearer s3cret", "Basic \(basic)"] {
      #expect(try site.respond(to: request(path, ["Authorization": field])).status == 200)
    }
  }

  @Test(
    "without a token, only addresses and localhost are taken as the host",
    arguments: [
      ("localhost:8080", 200), ("127.0.0.1", 200), ("[::1]:8080", 200), ("evil.example:8080", 403), ("a127.0.0.1", 403),
      ("", 403),
    ])
  func host(host: String, status: Int) throws {
    #expect(try site().respond(to: request("/status", ["Host": host])).status == status)
    #expect(try site(token: "t").respond(to: request("/readyz", ["Host": host])).status == 200)
  }

  @Test("the status lists 200 calls at most, and counts them all")
  func status() throws {
    let response = try site().respond(to: request("/status"))
    let object = try #require(try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
    #expect((object["calls"] as? [Any])?.count == 200)
    #expect(object["liveCalls"] as? Int == 300)
    #expect((object["turnLatency"] as? [String: Any])?["p90"] as? Double == 2)
  }

  @Test("the dashboard holds everything it needs and may talk to nobody else")
  func dashboard() throws {
    let response = try site().respond(to: request("/"))
    #expect(response.contentType == "text/html; charset=utf-8")
    let html = text(response)
    #expect(!html.contains("http://") && !html.contains("https://") && !html.contains("innerHTML"))
    #expect(response.fields.contains { $0 == "Content-Security-Policy" && $1.hasPrefix("default-src 'none'") })
  }
}
