import Foundation
import TokenVerification

/// What a server makes of one token, as a line of JSON.
struct TokenVerdict: Codable, Sendable {
  var accepted: Bool
  /// Whether the tenant is gone from the configuration: calls that are up go on, no new one begins.
  var isRetired: Bool?
  /// The tenant's name, of a token that is accepted.
  var tenant: String?
  /// The tenant's organization.
  var org: String?
  /// The check that failed, of a token that is not.
  var check: String?
  /// The field it is about.
  var field: String?
  /// What is wrong, without any text of the token.
  var reason: String?
  /// What to do about it.
  var advice: String?

  init(isAccepted: Bool) { accepted = isAccepted }

  init(_ outcome: VerificationOutcome) {
    switch outcome {
    case .accepted(let identity) where identity.isRetired:
      accepted = false
      isRetired = true
      check = TokenRefusal.Check.tenant.rawValue
      reason = "the tenant, or this registration of it, is not in the server's configuration any more"
      advice = "Calls that are up go on; no new one begins with this token."
    case .accepted(let identity):
      accepted = true
      tenant = identity.tenantName
      org = identity.organization
    case .refused(let refusal):
      accepted = false
      check = refusal.check.rawValue
      field = refusal.field?.rawValue
      reason = refusal.description
      advice = refusal.advice
    case .keysUnavailable, .pending:
      accepted = false
      check = "keys"
      reason = "the issuer's keys could not be had"
      advice = "Is the issuer's keys_url reachable from here? Trying again later can help."
    }
  }
}

/// Many tokens from standard input, one a line, judged as a server would judge them: nothing around a token is forgiven.
enum TokenBatch {
  /// Writes one verdict a line, in the order of the tokens. Returns whether all were accepted.
  static func run(with source: VerdictSource) async throws -> Bool {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var areAllAccepted = true
    while let line = readLine() {
      let verdict = try await source.judge(token(line)).verdict
      areAllAccepted = areAllAccepted && verdict.accepted
      print(String(decoding: try encoder.encode(verdict), as: UTF8.self))
    }
    return areAllAccepted
  }

  /// A token, or a JSON string of one: no token begins with a quotation mark.
  private static func token(_ line: String) -> String {
    guard line.hasPrefix("\""), let text = try? StrictJSON.parse(Array(line.utf8)).string else { return line }
    return text
  }
}
