import Foundation
import HTTPServing
import JSONText
import Logging
import Testing
import TokenVerification

@testable import WebexStandIn
import Basics

@Suite("Stand-in: control")
struct ControlTests {
  private static func members(_ text: String) -> JSONObject {
    (try? JSONValue(parsing: Array(text.utf8)))?.object ?? JSONObject([:])
  }

  @Test("A rotated key signs, the old one is published until it is withdrawn")
  func rotation() throws {
    var platform = try Platform()
    let old = platform.webex.signingKeyID
    let before = try platform.webex.mint(
      organization: Platform.organization, url: "https://voice.example.com:443", now: platform.now)
    #expect(platform.call("POST", "/stand-in/keys/rotate").body["keys"]?.array?.count == 2)
    #expect(platform.webex.signingKeyID != old)
    let after = try platform.webex.mint(
      organization: Platform.organization, url: "https://voice.example.com:443", now: platform.now)
    for token in [before, after] {
      #expect(
        try platform.verifier().verify(authorization: [token], schema: .anyOfTenant, now: platform.now).denial == nil)
    }
    #expect(platform.call("DELETE", "/stand-in/keys/\(platform.webex.signingKeyID)").status == 404)
    #expect(platform.call("DELETE", "/stand-in/keys/\(old)").status == 200)
    let outcome = try platform.verifier().verify(authorization: [before], schema: .anyOfTenant, now: platform.now)
    #expect(outcome.denial == .unauthenticated)
    #expect(
      platform.call("POST", "/stand-in/keys/rotate", Self.members(#"{"withdraw":true}"#)).body["keys"]?.array?.count
        == 1)
    let keySet = platform.respond("GET", WebexPlatform.keySetPath)
    #expect(keySet.fields.contains { $0 == ("Cache-Control", "public, max-age=21600") })
  }

  @Test("A token of any claims is minted")
  func minting() throws {
    var platform = try Platform()
    let body = Self.members(
      #"{"org":"\#(Platform.organization)","url":"https://x","lifetime":5,"claims":{"sub":null,"more":[1]}}"#)
    let token = try #require(platform.call("POST", "/stand-in/tokens", body).body["token"]?.string)
    let payload = try Base64URL.decode(String(token.split(separator: ".")[1]))
    let claims = try #require(try JSONValue(parsing: payload).object)
    #expect(claims["sub"] == nil)
    #expect(claims["more"]?.array?.count == 1)
    #expect(claims["exp"] == .number(JSONNumber(platform.now + 5)))
    #expect(platform.call("POST", "/stand-in/tokens").status == 400)
  }

  @Test("Faults strike the requests they are for, as often as they are to, and are told")
  func faults() throws {
    var platform = try Platform()
    let limited =
      #"{"path":"/dataSources","method":"GET","kind":"status","status":429,"retryAfter":7,"times":2,"after":1}"#
    #expect(platform.call("POST", "/stand-in/faults", Self.members(limited)).status == 200)
    #expect(platform.call("GET", "/v1/dataSources").status == 200)
    let answer = platform.respond("GET", "/v1/dataSources")
    #expect(answer.status == 429)
    #expect(answer.fields.contains { $0 == ("Retry-After", "7") })
    #expect(platform.call("POST", "/v1/dataSources", Platform.registration()).status == 200)
    #expect(platform.call("GET", "/v1/dataSources").status == 429)
    #expect(platform.call("GET", "/v1/dataSources").status == 200)
    #expect(platform.webex.faults.isEmpty)

    for (kind, status) in [("garbage", 200), ("hang", 200), ("closed", 200), ("lost", 200), ("slow", 200)] {
      _ = platform.call("POST", "/stand-in/faults", Self.members(#"{"kind":"\#(kind)","times":1}"#))
      let response = platform.respond("GET", "/v1/dataSources")
      #expect(response.status == status)
      #expect(response.isDropped == ["hang", "closed", "lost"].contains(kind))
      #expect((response.delay > .zero) == ["hang", "slow"].contains(kind))
    }
    #expect(platform.call("POST", "/stand-in/faults", Self.members(#"{"kind":"fire"}"#)).status == 400)
    #expect(platform.call("POST", "/stand-in/faults", Self.members(#"{"kind":"status","status":200}"#)).status == 400)
    #expect(platform.webex.requests["GET /dataSources"] == 9)
    #expect(platform.call("DELETE", "/stand-in/requests").body["requests"]?.object?.members.isEmpty == true)
  }

  @Test("A lost answer's request is carried out")
  func lost() throws {
    var platform = try Platform()
    platform.webex.faults = [StandInFault(kind: .lost, times: 1)]
    #expect(
      platform.respond("POST", "/dataSources", Array(JSONValue.object(Platform.registration()).text.utf8)).isDropped)
    #expect(platform.webex.dataSources.count == 1)
  }
}

@Suite("Stand-in: on a port")
struct StandInServerTests {
  private static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

  @Test("It serves keys that a verifier fetches, takes bodies, and goes on after a restart where it ended")
  func serving() async throws {
    let folder = NSTemporaryDirectory() + "stand-in-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let settings = StandInSettings(issuer: Platform.issuer, organizations: [Platform.organization])
    let store = try StandInStore(folder: folder)
    var token = ""
    for round in 0..<2 {
      var platform = try store.load(settings)
      let access = platform.authorizeServiceApp(organization: Platform.organization, now: WallClock.now()).accessToken
      let server = try StandInServer(.init(host: "127.0.0.1", port: 0), platform, store: store, logger: Self.logger)
      if round == 0 {
        let body = JSONValue.object(Platform.registration()).text
        let created = try Self.curl(
          "-X", "POST", "-H", "Authorization: Bearer \(access)", "-d", body, "\(server.baseURL)/dataSources")
        token = try #require(try JSONValue(parsing: created).object?["jwsToken"]?.string)
      }
      #expect(server.withPlatform { $0.dataSources.count } == 1)
      let tenant = try Tenant(
        organization: Platform.organization, name: "Example", url: "https://voice.example.com:443")
      let verifier = TokenVerifier(
        policy: ClaimPolicy(issuers: [Platform.issuer], tenants: [tenant]),
        keys: RemoteKeySource(
          issuers: [try TrustedIssuer(issuer: Platform.issuer, keysURL: server.keysURL)], logger: Self.logger))
      let outcome = await verifier.verify(authorization: [token], schema: .anyOfTenant)
      #expect(outcome.denial == nil)
      #expect(
        try Self.curl("-d", String(repeating: "x", count: 65_537), "\(server.baseURL)/access_token").starts(
          with: "a body".utf8))
    }
    for file in try FileManager.default.contentsOfDirectory(atPath: folder) {
      let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/" + file)
      #expect(attributes[.posixPermissions] as? Int == 0o600, "\(file)")
    }
  }

  @Test("It is not served to other machines, and a late answer does not hold up its end")
  func ending() async throws {
    var platform = try Platform().webex
    #expect(throws: HTTPListenError.self) { try StandInServer(.init(host: "0.0.0.0", port: 0), platform) }
    platform.faults = [StandInFault(kind: .hang)]
    let began = ContinuousClock.now
    do {
      let server = try StandInServer(.init(host: "127.0.0.1", port: 0), platform, logger: Self.logger)
      // The request holds the address only: the server ends when this block does.
      let url = server.baseURL + "/dataSources"
      let request = Task.detached { try? Self.curl(url) }
      while server.withPlatform({ $0.requests.isEmpty }) { try await Task.sleep(for: .milliseconds(5)) }
      request.cancel()
    }
    #expect(ContinuousClock.now - began < .seconds(30))
  }

  private static func curl(_ arguments: String...) throws -> [UInt8] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
    process.arguments = ["-s", "--max-time", "20"] + arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Array(data)
  }
}
