public import Basics
import JSONText

/// A token explained to the person who holds it: what is in it, line by line, and all that would have it refused, with
/// what to do about it. It shows the token's claims, which no log may hold.
public struct TokenInspection: Sendable {
  /// A field of the token, or something found out about it.
  public struct Line: Sendable, Hashable {
    /// The part of the token.
    public let segment: TokenSegment
    /// The field's name.
    public let name: String
    /// The value, fit for a terminal.
    public let value: String
    /// Whether a check fails because of it.
    public let isAtFault: Bool
  }

  /// Something that would have the token refused.
  public struct Finding: Sendable, Hashable {
    /// The check that fails.
    public let refusal: TokenRefusal
    /// The token's value and the configured one, where two were compared, fit for a terminal.
    public let comparison: Comparison?
    /// What to do about it.
    public let advice: String

    init(refusal: TokenRefusal, comparison: Comparison? = nil, advice: String? = nil) {
      self.refusal = refusal
      self.comparison = comparison
      self.advice = advice ?? refusal.advice
    }
  }

  /// Two texts that should be one.
  public struct Comparison: Sendable, Hashable {
    /// What the token says.
    public let token: String
    /// What the configuration says.
    public let configured: String
    /// The characters that are alike from the beginning.
    public let common: Int
  }

  /// How far the checks could go.
  public enum Verdict: Sendable, Hashable {
    /// Everything was checked and the token is good.
    case accepted(Identity)
    /// At least one check failed.
    case refused
    /// Nothing failed so far, but the issuer's keys could not be had.
    case keysUnavailable
    /// Nothing is wrong with the token's form and times; there was nothing to verify it with.
    case notVerified
  }

  /// The token's fields in their order.
  public private(set) var lines: [Line] = []
  /// What would have the token refused, in the order of the checks. A server stops at the first.
  public private(set) var findings: [Finding] = []
  /// The outcome.
  public private(set) var verdict: Verdict = .notVerified

  private let now: Int64

  /// Looks into a token, or an `authorization` value, without verifying it.
  public init(_ token: String, now: Int64 = WallClock.now()) {
    self.init(token, policy: nil, schema: .anyOfTenant, key: nil, now: now)
  }

  /// Checks a token as a server with this verifier would, and fetches the issuer's keys if they are needed.
  public static func verifying(
    _ token: String, with verifier: TokenVerifier, schema: RequiredSchema = .anyOfTenant,
    now: Int64 = WallClock.now()
  ) async -> TokenInspection {
    let policy = verifier.policy
    var key: KeyLookup?
    if let names = keyNames(in: token, policy) {
      key = verifier.keys.lookup(issuer: names.issuer, keyID: names.keyID)
      if case .pending = key { key = await verifier.keys.fetch(issuer: names.issuer, keyID: names.keyID) }
    }
    return TokenInspection(token, policy: policy, schema: schema, key: key, now: now)
  }

  /// Checks a token with the keys that are at hand, without waiting for any.
  public static func checking(
    _ token: String, with verifier: TokenVerifier, schema: RequiredSchema = .anyOfTenant,
    now: Int64 = WallClock.now()
  ) -> TokenInspection {
    let policy = verifier.policy
    let key = keyNames(in: token, policy).map { verifier.keys.lookup(issuer: $0.issuer, keyID: $0.keyID) }
    return TokenInspection(token, policy: policy, schema: schema, key: key, now: now)
  }

  /// The issuer and the id of the key that a token names, where it can name one.
  private static func keyNames(in token: String, _ policy: ClaimPolicy) -> (issuer: String, keyID: String)? {
    guard let value = try? AuthorizationValue.token(in: [Array(token.trimmed().utf8)]),
      let compact = try? CompactToken(value),
      let header = try? TokenHeader(compact.header),
      let members = try? CompactToken.members(of: compact.payload, .payload),
      let issuer = try? policy.issuer(named: members[TokenField.issuer.rawValue])
    else { return nil }
    return (issuer, header.keyID)
  }

  init(_ text: String, policy: ClaimPolicy?, schema: RequiredSchema, key: KeyLookup?, now: Int64) {
    self.now = now
    do throws(TokenRefusal) {
      let compact = try CompactToken(AuthorizationValue.token(in: [Array(text.trimmed().utf8)]))
      inspectHeader(compact)
      inspectSignature(compact, key)
      try inspectPayload(compact, policy, schema, key)
    } catch { findings.append(Finding(refusal: error)) }
    findings.sort { Self.order($0.refusal.check) < Self.order($1.refusal.check) }
    if !findings.isEmpty { verdict = .refused }
  }

  private mutating func inspectHeader(_ compact: CompactToken) {
    do throws(TokenRefusal) {
      let members = try CompactToken.members(of: compact.header, .header)
      let refusals = TokenHeader.refusals(members)
      add(members, .header, refusals)
      findings += refusals.map { Finding(refusal: $0) }
    } catch { findings.append(Finding(refusal: error)) }
  }

  private mutating func inspectSignature(_ compact: CompactToken, _ key: KeyLookup?) {
    var text = "\(compact.signature.count) bytes"
    var refusal: TokenRefusal?
    switch key {
    case .found(let key):
      if compact.signature.count != key.modulusBytes {
        refusal = TokenRefusal(
          .signature, nil, .signatureLength(bytes: compact.signature.count, expected: key.modulusBytes))
      } else if !key.verifies(signature: compact.signature, over: compact.signingInput) {
        refusal = TokenRefusal(.signature, nil, .badSignature)
      } else {
        text += ", verified"
      }
    case .unknown: refusal = TokenRefusal(.key, .keyID, .unknownKey)
    case .unavailable, .pending: text += ", not verified: the issuer's keys could not be had"
    case nil: text += ", not verified"
    }
    lines.append(Line(segment: .signature, name: "signature", value: text, isAtFault: refusal?.check == .signature))
    if let refusal { findings.append(Finding(refusal: refusal)) }
  }

  private mutating func inspectPayload(
    _ compact: CompactToken, _ policy: ClaimPolicy?, _ schema: RequiredSchema, _ key: KeyLookup?
  ) throws(TokenRefusal) {
    let members = try CompactToken.members(of: compact.payload, .payload)
    let (claims, formRefusals) = TokenClaims.inspect(members)
    var refusals = formRefusals
    var issuer: String?
    if let policy {
      do throws(TokenRefusal) { issuer = try policy.issuer(named: members[TokenField.issuer.rawValue]) } catch {
        refusals.removeAll { $0.field == .issuer }
        refusals.append(error)
      }
    }
    let broken = Set(formRefusals.compactMap(\.field))
    // Without a configuration the usual allowance for clocks stands in.
    let times = (policy ?? ClaimPolicy(issuers: [], tenants: [])).timeRefusals(claims, now: now)
    refusals += times.filter { refusal in
      refusal.check == .lifetime
        ? broken.isDisjoint(with: [.expiry, .issuedAt]) : refusal.field.map { !broken.contains($0) } ?? true
    }
    var tenant: Tenant?
    if let policy, !broken.contains(.organization) {
      tenant = policy.tenant(of: claims)
      if let tenant {
        refusals += policy.refusals(claims, tenant: tenant, schema: schema).filter { refusal in
          refusal.field.map { !broken.contains($0) } ?? true
        }
      } else {
        refusals.append(TokenRefusal(.tenant, .organization, .unknownTenant))
      }
    }
    add(members, .payload, refusals)
    findings += refusals.map { refusal in
      Finding(
        refusal: refusal, comparison: Self.comparison(refusal, claims, tenant, policy),
        advice: Self.advice(refusal, claims, tenant, policy, schema))
    }
    guard findings.isEmpty, let issuer, let tenant else { return }
    switch key {
    case .found:
      verdict = .accepted(
        Identity(
          organization: tenant.organization, tenantName: tenant.name, issuer: issuer,
          schema: SchemaID(rawValue: claims.schema), nonceHash: SHA256(claims.nonce.utf8).shortText,
          expiry: claims.expiry, isRetired: false))
    default: verdict = .keysUnavailable
    }
  }

  private mutating func add(_ members: JSONObject, _ segment: TokenSegment, _ refusals: [TokenRefusal]) {
    let faults = Set(refusals.compactMap { $0.field?.rawValue })
    for member in members.members {
      lines.append(
        Line(
          segment: segment, name: member.name.printable, value: value(member), isAtFault: faults.contains(member.name)))
    }
    for refusal in refusals where refusal.problem == .missing {
      lines.append(Line(segment: segment, name: refusal.field?.rawValue ?? "", value: "(missing)", isAtFault: true))
    }
  }

  private func value(_ member: JSONObject.Member) -> String {
    let times: [TokenField] = [.expiry, .issuedAt, .notBefore]
    switch member.value {
    case .string(let text):
      guard member.name.hasSameBytes(as: TokenField.schema.rawValue), let name = SchemaID(rawValue: text).name else {
        return text.printable
      }
      return "\(text.printable)  \(name)"
    case .number(let number):
      guard let time = number.rounded?.lower, time <= TokenClaims.maximumTime,
        times.contains(where: { $0.rawValue.hasSameBytes(as: member.name) })
      else { return number.literal.printable }
      return "\(number.literal.printable)  \(UTCTime.text(time)), \(UTCTime.relative(time, to: now))"
    default: return member.value.text.printable
    }
  }

  private static func comparison(
    _ refusal: TokenRefusal, _ claims: TokenClaims, _ tenant: Tenant?, _ policy: ClaimPolicy?
  ) -> Comparison? {
    let texts: (token: String?, configured: String?) =
      switch (refusal.field, refusal.problem) {
      case (.url, .differs): (claims.url, tenant?.url)
      case (.audience, .differs):
        (tenant?.audience.flatMap { InspectionHint.nearest(claims.audiences, to: $0) }, tenant?.audience)
      case (.subject, .differs): (claims.subject, tenant?.subject)
      case (.issuer, .notAllowed):
        (claims.issuer, policy.flatMap { InspectionHint.nearest($0.issuers, to: claims.issuer) })
      case (.organization, .unknownTenant):
        (
          claims.organization,
          policy.flatMap { InspectionHint.nearest($0.tenants.map(\.organization), to: claims.organization) }
        )
      default: (nil, nil)
      }
    guard let token = texts.token, let configured = texts.configured else { return nil }
    // Counted in what is shown, where an escaped character takes several places.
    let common = ClaimPolicy.firstDifference(token.printable, configured.printable) - 1
    return Comparison(token: token.printable, configured: configured.printable, common: common)
  }

  private static func advice(
    _ refusal: TokenRefusal, _ claims: TokenClaims, _ tenant: Tenant?, _ policy: ClaimPolicy?, _ schema: RequiredSchema
  ) -> String? {
    guard let policy else { return nil }
    switch (refusal.field, refusal.problem) {
    case (.url, .differs): return tenant.map { InspectionHint.url(claims.url, $0.url) }
    case (.schema, .notAllowed):
      guard let tenant else { return nil }
      let required: Set<SchemaID> = if case .exactly(let id) = schema { [id] } else { tenant.schemas }
      return InspectionHint.schema(claims.schema, allowed: required)
    case (.issuer, .notAllowed): return InspectionHint.issuer(claims.issuer, trusted: policy.issuers)
    case (.organization, .unknownTenant):
      return InspectionHint.organization(claims.organization, tenants: policy.tenants)
    default: return nil
    }
  }

  /// The place of a check in the order in which a server makes them.
  private static func order(_ check: TokenRefusal.Check) -> Int {
    let order: [TokenRefusal.Check] = [
      .authorization, .size, .structure, .encoding, .json, .algorithm, .type, .header, .keyID, .issuer, .key,
      .signature, .claim, .time, .lifetime, .tenant, .revoked, .organization,
    ]
    return order.firstIndex(of: check) ?? order.count
  }
}

extension String {
  /// Fit for a terminal: control characters and what is invisible or turns the writing around are shown as their code
  /// points, so that a token cannot write on the screen; long texts are cut.
  var printable: String { readable(most: 600) { "\\u{\(String($0.value, radix: 16))}" } }
}
