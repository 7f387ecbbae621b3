import Glibc
import Logging
import Testing

@testable import HTTPFetching
@testable import TokenVerification
import Basics

@Suite("Fetching a key set")
struct CurlKeySetFetcherTests {
  private func fetch(
    _ url: String, fetcher: CurlKeySetFetcher = CurlKeySetFetcher(), allowsPrivateAddresses: Bool = false
  ) async -> Result<[UInt8], KeySetFetchError> {
    do {
      let issuer = try TrustedIssuer(
        issuer: "https://issuer.example", keysURL: url, allowsPrivateAddresses: allowsPrivateAddresses)
      do throws(KeySetFetchError) { return .success(try await fetcher.fetch(issuer).bytes) } catch {
        return .failure(error)
      }
    } catch {
      Issue.record(error)
      return .failure(.http(.system))
    }
  }

  @Test("A document is fetched over http from the loopback interface, by address and by name")
  func good() async throws {
    let document = try Fixture.issuer.get().keySetDocument
    let server = try LoopbackServer(LoopbackServer.answer(document))
    for host in ["127.0.0.1", "localhost", "LOCALHOST"] {
      #expect(await fetch("http://\(host):\(server.port)/keys") == .success(Array(document.utf8)))
    }
    #expect(server.requests == 3)
  }

  @Test(
    "J23: an issuer's Cache-Control is read",
    arguments: [
      ("", nil), ("Cache-Control: public, max-age=21600", 21_600), ("cache-control: max-age=\"5\"", 5),
      ("Cache-Control: max-age=10, no-store", 0), ("Cache-Control: NO-CACHE", 0), ("Cache-Control: max-age=soon", nil),
      ("Cache-Control: max-age=99999999999999999999", 31_536_000), ("Cache-Control: private", nil),
    ] as [(String, Int?)])
  func cacheControl(field: String, seconds: Int?) async throws {
    let server = try LoopbackServer(LoopbackServer.answer("{}", headers: field.isEmpty ? [] : [field]))
    let issuer = try TrustedIssuer(issuer: "https://issuer.example", keysURL: "http://127.0.0.1:\(server.port)/keys")
    let document = try await CurlKeySetFetcher().fetch(issuer)
    #expect(document.maximumAge == seconds.map { .seconds($0) })
  }

  @Test("A token is verified with keys fetched over HTTP, and the next needs no fetch")
  func endToEnd() async throws {
    let issuer = try Fixture.issuer.get()
    let server = try LoopbackServer(LoopbackServer.answer(issuer.keySetDocument))
    let source = RemoteKeySource(
      issuers: [try TrustedIssuer(issuer: issuer.issuer, keysURL: "http://127.0.0.1:\(server.port)/keys")],
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    let fixture = try Fixture(keys: source)
    let token = try fixture.goodToken
    let outcomes = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<100 {
        group.addTask {
          await fixture.verifier.verify(
            authorization: [token], schema: .exactly(.voiceVirtualAgent), clock: { Fixture.now }
          ).identity != nil
        }
      }
      return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    #expect(outcomes == 100)
    #expect(fixture.verify(token).identity != nil)
    // J22: unknown key ids within 30 s of a fetch cause none.
    for number in 0..<100 {
      let unknown = try fixture.token(header: { $0["kid"] = .string("other-\(number)") })
      #expect(fixture.refusal(unknown)?.problem == .unknownKey)
    }
    #expect(server.requests == 1)
  }

  @Test("J20: a redirect is not followed")
  func redirect() async throws {
    let target = try LoopbackServer(LoopbackServer.answer("{}"))
    let server = try LoopbackServer(
      LoopbackServer.answer("", status: "302 Found", headers: ["Location: http://127.0.0.1:\(target.port)/"]))
    #expect(await fetch("http://127.0.0.1:\(server.port)/") == .failure(.status(302, retryAfter: nil)))
    #expect(target.requests == 0)
  }

  @Test(
    "Other answers than 200 are failures, with the wait that the issuer asks for",
    arguments: [
      ("404 Not Found", [], 404, nil), ("500 Internal Server Error", [], 500, nil), ("204 No Content", [], 204, nil),
      ("429 Too Many Requests", ["Retry-After: 120"], 429, 120), ("503 Unavailable", ["Retry-After: x"], 503, nil),
    ] as [(String, [String], Int, Int?)])
  func statuses(line: String, headers: [String], status: Int, wait: Int?) async throws {
    let server = try LoopbackServer(LoopbackServer.answer("", status: line, headers: headers))
    #expect(await fetch("http://127.0.0.1:\(server.port)/") == .failure(.status(status, retryAfter: wait)))
  }

  @Test("J20: 256 KB are read and not a byte more, whether the length is announced or not")
  func tooLong() async throws {
    let limit = String(repeating: " ", count: KeySet.maximumBytes)
    let full = try LoopbackServer(LoopbackServer.answer(limit))
    #expect(await fetch("http://127.0.0.1:\(full.port)/") == .success(Array(limit.utf8)))
    let announced = try LoopbackServer("HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n{}")
    #expect(await fetch("http://127.0.0.1:\(announced.port)/") == .failure(.http(.tooLong)))
    let endless = try LoopbackServer(
      "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + String(repeating: " ", count: 4 * KeySet.maximumBytes))
    #expect(await fetch("http://127.0.0.1:\(endless.port)/") == .failure(.http(.tooLong)))
  }

  @Test("J20: a silent server and one that drips are given up after the time allowed", arguments: [true, false])
  func slow(isSilent: Bool) async throws {
    let answer = LoopbackServer.answer(String(repeating: " ", count: 10_000))
    let server = try LoopbackServer(isSilent ? "" : answer, pause: 10)
    let start = MonotonicClock.now()
    let fetcher = CurlKeySetFetcher(totalMilliseconds: 300)
    #expect(await fetch("http://127.0.0.1:\(server.port)/", fetcher: fetcher) == .failure(.http(.timeout)))
    let time = MonotonicClock.now() - start
    // All of the answer would take 100 s.
    #expect(time >= .milliseconds(250) && time < .seconds(95))
  }

  @Test("J20: an answer that is not HTTP, and no answer, are failures")
  func notHTTP() async throws {
    let server = try LoopbackServer("hello\r\n")
    guard case .failure(.http(.connection)) = await fetch("http://127.0.0.1:\(server.port)/") else {
      Issue.record("taken")
      return
    }
    guard case .failure(.http(.connection)) = await fetch("http://127.0.0.1:1/") else {
      Issue.record("taken")
      return
    }
  }

  @Test("J20: https does not lead to loopback or private addresses unless that is allowed")
  func inwards() async throws {
    let server = try LoopbackServer("not TLS")
    for host in ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254", "192.168.1.1", "[::ffff:127.0.0.1]"]
    {
      #expect(await fetch("https://\(host):\(server.port)/") == .failure(.http(.refusedAddress)), "\(host)")
    }
    #expect(server.requests == 0)
    // Where it is allowed, plain text is still no TLS.
    guard case .failure(.http(.tls)) = await fetch("https://127.0.0.1:\(server.port)/", allowsPrivateAddresses: true)
    else {
      Issue.record("not tried, or taken")
      return
    }
    #expect(server.requests == 1)
  }

  @Test("J20: the environment's proxy is not used")
  func proxy() async throws {
    // In a process of its own: changing the environment is not safe beside threads that read it.
    await #expect(processExitsWith: .success) {
      let proxy = try LoopbackServer(LoopbackServer.answer("proxy"))
      let server = try LoopbackServer(LoopbackServer.answer("direct"))
      setenv("http_proxy", "http://127.0.0.1:\(proxy.port)", 1)
      setenv("ALL_PROXY", "http://127.0.0.1:\(proxy.port)", 1)
      let issuer = try TrustedIssuer(
        issuer: "https://issuer.example", keysURL: "http://127.0.0.1:\(server.port)/")
      let document = try await CurlKeySetFetcher().fetch(issuer)
      #expect(document.bytes == Array("direct".utf8))
      #expect(proxy.requests == 0)
    }
  }

  @Test(
    "J20: only https, and http to the loopback interface, is configured",
    arguments: [
      ("https://idbroker.webex.com/idb/oauth2/v2/keys/verificationjwk", nil),
      ("http://127.0.0.1:8080/keys", nil), ("http://127.9.9.9/keys", nil), ("http://[::1]:8080/keys", nil),
      ("http://localhost/keys", nil), ("https://10.0.0.1/keys", nil),
      ("http://idbroker.webex.com/keys", .insecureURL), ("http://10.0.0.1/keys", .insecureURL),
      ("http://127.0.0.1.example.com/keys", .insecureURL), ("http://localhost.example.com/", .insecureURL),
      ("file:///etc/passwd", .malformedURL), ("ftp://127.0.0.1/", .insecureURL), ("", .malformedURL),
      ("idbroker.webex.com", .malformedURL), ("https://", .malformedURL), ("https://a b/", .malformedURL),
      ("https://user@example.com/", .unwantedURLPart), ("https://u:p@example.com/", .unwantedURLPart),
      ("https://example.com/#f", .unwantedURLPart), ("https://example.com/\u{0}", .malformedURL),
      ("https://ex\u{E4}mple.com/", .malformedURL),
    ] as [(String, TrustedIssuer.SettingError?)])
  func urls(url: String, defect: TrustedIssuer.SettingError?) {
    do throws(TrustedIssuer.SettingError) {
      _ = try TrustedIssuer(issuer: "https://issuer.example", keysURL: url)
      #expect(defect == nil)
    } catch { #expect(error == defect) }
  }

  @Test("Wire 9: the keys are below the issuer, with or without a final slash of it")
  func defaultURL() throws {
    let url = "https://idbroker.webex.com/idb/oauth2/v2/keys/verificationjwk"
    #expect(try TrustedIssuer(issuer: "https://idbroker.webex.com/idb").keysURL == url)
    #expect(try TrustedIssuer(issuer: "https://idbroker.webex.com/idb/").keysURL == url)
    #expect(TrustedIssuer.webex.count == 10)
    #expect(TrustedIssuer.webex.allSatisfy { (try? TrustedIssuer(issuer: $0.issuer)) == $0 })
    #expect(throws: TrustedIssuer.SettingError.self) { try TrustedIssuer(issuer: "issuer") }
  }

  @Test(
    "J20: addresses by how far they reach",
    arguments: [
      ("127.0.0.1", .loopback), ("127.255.0.1", .loopback), ("::1", .loopback), ("::ffff:127.0.0.1", .loopback),
      ("64:ff9b::7f00:1", .loopback), ("2002:7f00:1::", .loopback),
      ("0.0.0.0", .local), ("10.1.2.3", .local), ("100.64.0.1", .local), ("100.127.0.1", .local),
      ("169.254.169.254", .local), ("172.16.0.1", .local), ("172.31.255.255", .local), ("192.168.0.1", .local),
      ("192.0.0.8", .local), ("198.18.0.1", .local), ("224.0.0.1", .local), ("255.255.255.255", .local),
      ("::", .local), ("fe80::1", .local), ("fc00::1", .local), ("fd12::1", .local), ("ff02::1", .local),
      ("::ffff:10.0.0.1", .local), ("64:ff9b::a00:1", .local), ("2002:a00:1::", .local),
      ("1.1.1.1", .global), ("100.63.0.1", .global), ("100.128.0.1", .global), ("172.15.0.1", .global),
      ("172.32.0.1", .global), ("192.0.2.1", .global), ("2606:4700::1", .global), ("::ffff:1.1.1.1", .global),
      ("64:ff9b::101:101", .global),
    ] as [(String, AddressScope)])
  func scopes(text: String, scope: AddressScope) {
    var bytes = [UInt8](repeating: 0, count: 16)
    let isIPv4 = !text.contains(":")
    #expect(inet_pton(isIPv4 ? AF_INET : AF_INET6, text, &bytes) == 1)
    #expect(AddressScope(Array(bytes.prefix(isIPv4 ? 4 : 16))) == scope)
  }
}
