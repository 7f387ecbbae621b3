// A libFuzzer target: bytes as an `authorization` value, as a token's header, and as its payload.

import JSONText
@testable import TokenVerification

private let organization = "ce861fba-6e2f-49f9-9a84-b354008fac9e"
private let issuer = "https://idbroker.webex.com/idb"

private let verifier: TokenVerifier? = {
  guard let development = try? DevelopmentIssuer(issuer: issuer), let policy else { return nil }
  return TokenVerifier(
    policy: policy, keys: StaticKeySource([issuer: KeySet(keyID: "k", key: development.key.publicKey)]))
}()

private let policy: ClaimPolicy? =
  (try? Tenant(organization: organization, name: "T", url: "https://voice.example.com"))
  .map { ClaimPolicy(issuers: [issuer], tenants: [$0]) }

/// One input of libFuzzer's: taken as a value, a header and a payload.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzToken(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: size))
  guard let verifier, let policy else { fatalError("no key") }

  // Nobody without the key makes a token that is accepted.
  let outcome = verifier.verify(authorization: [bytes], schema: .anyOfTenant, now: 1_800_000_000)
  guard case .refused = outcome else { fatalError("not refused: \(outcome)") }
  let inspection = TokenInspection(String(decoding: bytes, as: UTF8.self), now: 1_800_000_000)
  precondition(inspection.verdict == .refused || inspection.verdict == .notVerified)
  precondition(inspection.description.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && $0.value != 0x7F })

  // A byte sequence has one spelling.
  if let decoded = try? Base64URL.decode(bytes[...]) {
    precondition(Base64URL.encode(decoded).utf8.elementsEqual(bytes))
    precondition(decoded.count == Base64URL.decodedCount(bytes.count))
  }

  if let header = try? TokenHeader(bytes) { precondition((1...128).contains(header.keyID.utf8.count)) }

  // What is read and written is the same when it is read again.
  if let value = try? JSONValue(parsing: bytes) {
    precondition((try? JSONValue(parsing: Array(value.text.utf8))) == value)
  }

  if let members = try? CompactToken.members(of: bytes, .payload), let claims = try? TokenClaims(members),
    let tenant = try? policy.tenant(for: claims, schema: .anyOfTenant, now: 1_800_000_000).tenant
  {
    precondition(claims.organization.utf8.elementsEqual(tenant.organization.utf8))
    precondition(claims.url.utf8.elementsEqual(tenant.url.utf8))
    precondition((1...86_430).contains(claims.expiry - claims.issuedAt))
  }
  return 0
}
