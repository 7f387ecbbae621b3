import Basics
import DataSources
import Foundation
import JSONText
import ReplayKit
import TokenVerification

/// Data sources as a person, or a program, reads them. Tokens are left out, but for what they say in the view of one.
enum DataSourceText {
  private static let schemaNames = [
    SchemaID.voiceVirtualAgent.rawValue: "voice", SchemaID.audioForking.rawValue: "forking",
    SchemaID.mediaIntelligence.rawValue: "meetings", SchemaID.voiceVirtualAgentSocket.rawValue: "voice-websocket",
  ]

  static func table(_ sources: [DataSource]) -> String {
    let now = WallClock.now()
    let head = ["ID", "SCHEMA", "STATUS", "TOKEN ENDS", "URL"]
    let rows = sources.map { source in
      [
        source.id, schemaNames[source.schemaID] ?? source.schemaID, source.status ?? "?",
        source.expiry.map { relative($0 - now) } ?? "?", source.url,
      ].map(visible)
    }
    return Table.lines([head] + rows).joined(separator: "\n")
  }

  static func table(_ schemas: [DataSourceSchema]) -> String {
    let rows = schemas.map { [$0.id, $0.service, $0.transport].map(visible) }
    return Table.lines([["ID", "SERVICE", "PROTOCOL"]] + rows).joined(separator: "\n")
  }

  static func fields(_ source: DataSource, withClaims: Bool = false) -> String {
    let now = WallClock.now()
    let rows: [(String, String?)] = [
      ("id", source.id),
      ("schema", schemaNames[source.schemaID].map { "\($0) (\(source.schemaID))" } ?? source.schemaID),
      ("url", source.url), ("audience", source.audience), ("subject", source.subject),
      ("lifetime", source.lifetimeMinutes.map { "\($0) min" }), ("status", source.status),
      ("error message", source.errorMessage),
      ("token ends", source.expiry.map { "\(time($0)), \(relative($0 - now))" }), ("organization", source.organization),
      ("application", source.applicationID), ("created by", source.createdBy), ("created", source.createdAt.map(time)),
    ]
    let fields = rows.compactMap { name, value in
      value.map { (name + ":").padding(toLength: 16, withPad: " ", startingAt: 0) + visible($0) }
    }
    let claims = withClaims ? source.claims?.members ?? [] : []
    guard !claims.isEmpty else { return fields.joined(separator: "\n") }
    let width = claims.map(\.name.count).max() ?? 0
    let lines = claims.map { claim in
      "  " + visible(claim.name).padding(toLength: width + 2, withPad: " ", startingAt: 0)
        + visible(claim.value.string ?? claim.value.text)
    }
    return (fields + ["current token's claims (not verified here):"] + lines).joined(separator: "\n")
  }

  static func members(_ source: DataSource) -> [String: Any] { members(source, withClaims: false) }

  static func members(_ source: DataSource, withClaims: Bool) -> [String: Any] {
    let all: [String: Any?] = [
      "id": source.id, "schemaId": source.schemaID, "url": source.url, "audience": source.audience,
      "subject": source.subject, "tokenLifetimeMinutes": source.lifetimeMinutes, "status": source.status,
      "errorMessage": source.errorMessage, "orgId": source.organization, "applicationId": source.applicationID,
      "tokenExpiryTime": source.expiry.map(time),
      "tokenSecondsLeft": source.expiry.map { max(0, $0 - WallClock.now()) }, "createdBy": source.createdBy,
      "createdAt": source.createdAt.map(time), "claims": withClaims ? source.claims.flatMap(claims) : nil,
    ]
    return all.compactMapValues { $0 }
  }

  private static func claims(_ claims: JSONObject) -> Any? {
    try? JSONSerialization.jsonObject(with: Data(JSONValue.object(claims).text.utf8))
  }

  static func members(_ fields: DataSourceFields) -> [String: Any] {
    let all: [String: Any?] = [
      "schemaId": fields.schemaID, "url": fields.url, "audience": fields.audience, "subject": fields.subject,
      "nonce": "********", "tokenLifetimeMinutes": fields.lifetimeMinutes, "status": fields.status.rawValue,
      "errorMessage": fields.errorMessage,
    ]
    return all.compactMapValues { $0 }
  }

  static func members(_ schema: DataSourceSchema) -> [String: Any] {
    ["id": schema.id, "serviceType": schema.service, "protocol": schema.transport]
  }

  static func printJSON(_ object: [String: Any]) {
    let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    guard let data = try? JSONSerialization.data(withJSONObject: object, options: options) else { return }
    print(String(decoding: data, as: UTF8.self))
  }

  /// What would be sent, for `--dry-run`.
  static func intent(_ call: DataSourceCall, json: Bool) {
    var body: [String: Any]?
    switch call {
    case .create(let fields), .replace(_, let fields): body = members(fields)
    default: break
    }
    if json {
      var object: [String: Any] = ["request": call.name]
      object["body"] = body
      return printJSON(object)
    }
    print("would send \(call.name)")
    if let body { printJSON(body) }
  }

  private static func time(_ seconds: Int64) -> String {
    Date(timeIntervalSince1970: TimeInterval(seconds)).ISO8601Format()
  }

  private static func relative(_ seconds: Int64) -> String {
    switch seconds {
    case ..<1: "ended"
    case ..<120: "in \(seconds) s"
    case ..<7_200: "in \(seconds / 60) min"
    default: "in \(seconds / 3_600) h"
    }
  }

  /// Text from outside, without what a terminal would obey.
  static func visible(_ text: String) -> String {
    text.readable { _ in " " }
  }
}
