import Foundation
import HTTPServing
import TokenVerification

/// `POST /tokens/verify` on the admin port, with a token as the body: what this server makes of it, now, with the nonces and
/// the revocations that it knows. Changes nothing.
package struct VerificationCall: Sendable {
  package static let path = "/tokens/verify"

  /// The answer.
  package struct Answer: Codable {
    /// Always `patchbay`: who asks may have reached something else.
    package var server: String
    /// The configuration's file; nil for the embedded demo.
    package var configuration: String?
    /// The issuer's keys are being fetched: it is to be asked again.
    package var isPending: Bool
    /// What a call would get.
    package var verdict: TokenVerdict
    /// The token's fields, and all that is wrong with them.
    package var explanation: String
  }

  let verifier: TokenVerifier
  /// The configuration's file.
  let file: String?

  /// A file's path from the root.
  static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }

  func respond(to request: ServerRequest) -> ServerResponse {
    let outcome = verifier.verify(authorization: [request.body], schema: .anyOfTenant)
    let inspection = TokenInspection.checking(String(decoding: request.body, as: UTF8.self), with: verifier)
    var isPending = false
    if case .pending = outcome { isPending = true }
    let answer = Answer(
      server: "patchbay", configuration: file.map(Self.absolute), isPending: isPending, verdict: TokenVerdict(outcome),
      explanation: inspection.description)
    return .json(200, answer)
  }
}
