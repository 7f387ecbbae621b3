public import Basics
import JSONText
import Locking

/// The gate of every RPC: takes a call's `authorization` values and says whose call it is, or why it is nobody's.
///
/// Checks in this order, and ends at the first that fails: size, structure, header, issuer, key, signature, claims,
/// tenant (RFC 8725). Nothing of an unverified token is used except `iss` and `kid`, as keys of our own tables.
public final class TokenVerifier: Sendable {
  /// The source of the issuers' keys.
  public let keys: any KeySource

  private let policyBox: Locked<ClaimPolicy>
  private let unknownNonce = Locked<(@Sendable (String) -> Void)?>(nil)
  private let verified: Locked<VerifiedTokens>
  private let isCaching: Bool

  /// A verifier of this policy. `cachedTokens` bounds the tokens remembered as verified; 0 remembers none.
  public init(policy: ClaimPolicy, keys: any KeySource, cachedTokens: Int = 4_096) {
    self.keys = keys
    policyBox = Locked(policy)
    verified = Locked(VerifiedTokens(capacity: min(cachedTokens, 4_096)))
    isCaching = cachedTokens > 0
  }

  /// Called with the organization of each token that is good but for its nonce: whoever renews data sources may not know
  /// of a renewal yet. Called on the verifying thread; must not wait.
  public func onUnknownNonce(_ body: @escaping @Sendable (_ organization: String) -> Void) {
    unknownNonce.withLock { $0 = body }
  }

  /// What tokens must say. Setting it takes effect for the next call; calls under way go on.
  public var policy: ClaimPolicy {
    get { policyBox.withLock { $0 } }
    set { policyBox.withLock { $0 = newValue } }
  }

  /// Verifies on the calling thread, without waiting for anything.
  ///
  /// - Parameters:
  ///   - values: all values of the call's `authorization` metadata.
  ///   - schema: the schema of the method that is called.
  ///   - now: seconds since 1970.
  public func verify(
    authorization values: [[UInt8]], schema: RequiredSchema, now: Int64 = WallClock.now()
  ) -> VerificationOutcome {
    do throws(TokenRefusal) {
      let token = try AuthorizationValue.token(in: values)
      return try verify(token: token, schema: schema, now: now)
    } catch { return .refused(error) }
  }

  /// Verifies on the calling thread, without waiting for anything.
  public func verify(
    authorization values: [String], schema: RequiredSchema, now: Int64 = WallClock.now()
  ) -> VerificationOutcome {
    verify(authorization: values.map { Array($0.utf8) }, schema: schema, now: now)
  }

  /// Verifies, and waits for the issuer's keys where they have to be fetched first (5 seconds at most). Never pending.
  public func verify(
    authorization values: [[UInt8]], schema: RequiredSchema, clock: @Sendable () -> Int64 = WallClock.now
  ) async -> VerificationOutcome {
    let outcome = verify(authorization: values, schema: schema, now: clock())
    guard case .pending(let issuer) = outcome else { return outcome }
    // The checks before the key have passed, so the key id is there to be read again.
    guard let token = try? AuthorizationValue.token(in: values), let compact = try? CompactToken(token),
      let header = try? TokenHeader(compact.header)
    else { return .keysUnavailable(issuer: issuer) }
    switch await keys.fetch(issuer: issuer, keyID: header.keyID) {
    case .unknown: return .refused(TokenRefusal(.key, .keyID, .unknownKey))
    case .unavailable, .pending: return .keysUnavailable(issuer: issuer)
    case .found:
      let outcome = verify(authorization: values, schema: schema, now: clock())
      // The keys went stale in this instant: not worth another wait.
      if case .pending = outcome { return .keysUnavailable(issuer: issuer) }
      return outcome
    }
  }

  /// Verifies, and waits for the issuer's keys where they have to be fetched first (5 seconds at most). Never pending.
  public func verify(
    authorization values: [String], schema: RequiredSchema, clock: @Sendable () -> Int64 = WallClock.now
  ) async -> VerificationOutcome {
    await verify(authorization: values.map { Array($0.utf8) }, schema: schema, clock: clock)
  }

  private func verify(token: [UInt8], schema: RequiredSchema, now: Int64) throws(TokenRefusal) -> VerificationOutcome {
    guard token.count <= CompactToken.maximumBytes else {
      throw TokenRefusal(.size, nil, .tooLong(bytes: token.count, limit: CompactToken.maximumBytes))
    }
    let policy = self.policy
    guard isCaching else { return try verifyAfresh(token, policy, schema, now, digest: nil) }
    let digest = SHA256(token)
    guard let entry = verified.withLock({ $0.entry(for: digest) }) else {
      return try verifyAfresh(token, policy, schema, now, digest: digest)
    }
    // An issuer that is not trusted any more is asked for no keys.
    if policy.issuers.contains(where: { $0.hasSameBytes(as: entry.issuer) }),
      case .found(let key) = keys.lookup(issuer: entry.issuer, keyID: entry.keyID),
      key.thumbprint == entry.thumbprint
    {
      do throws(TokenRefusal) {
        return try accept(entry.claims, entry.nonceHash, entry.issuer, policy, schema, now)
      } catch {
        if error.check == .time { verified.withLock { $0.remove(digest) } }
        throw error
      }
    }
    verified.withLock { $0.remove(digest) }
    return try verifyAfresh(token, policy, schema, now, digest: digest)
  }

  private func verifyAfresh(
    _ token: [UInt8], _ policy: ClaimPolicy, _ schema: RequiredSchema, _ now: Int64, digest: SHA256?
  ) throws(TokenRefusal) -> VerificationOutcome {
    let compact = try CompactToken(token)
    let header = try TokenHeader(compact.header)
    let members = try CompactToken.members(of: compact.payload, .payload)
    let issuer = try policy.issuer(named: members[TokenField.issuer.rawValue])
    let key: RSAPublicKey
    switch keys.lookup(issuer: issuer, keyID: header.keyID) {
    case .found(let found): key = found
    case .unknown: throw TokenRefusal(.key, .keyID, .unknownKey)
    case .unavailable: return .keysUnavailable(issuer: issuer)
    case .pending: return .pending(issuer: issuer)
    }
    guard compact.signature.count == key.modulusBytes else {
      throw TokenRefusal(
        .signature, nil, .signatureLength(bytes: compact.signature.count, expected: key.modulusBytes))
    }
    guard key.verifies(signature: compact.signature, over: compact.signingInput) else {
      throw TokenRefusal(.signature, nil, .badSignature)
    }
    let claims = try TokenClaims(members)
    let nonceHash = SHA256(claims.nonce.utf8).shortText
    let outcome = try accept(claims, nonceHash, issuer, policy, schema, now)
    if let digest {
      let entry = VerifiedTokens.Entry(
        issuer: issuer, keyID: header.keyID, thumbprint: key.thumbprint, claims: claims, nonceHash: nonceHash)
      verified.withLock { $0.insert(entry, for: digest) }
    }
    return outcome
  }

  private func accept(
    _ claims: TokenClaims, _ nonceHash: String, _ issuer: String, _ policy: ClaimPolicy, _ schema: RequiredSchema,
    _ now: Int64
  ) throws(TokenRefusal) -> VerificationOutcome {
    let (tenant, isRetired): (Tenant, Bool)
    do throws(TokenRefusal) {
      (tenant, isRetired) = try policy.tenant(for: claims, schema: schema, now: now)
    } catch {
      if error.field == .nonce, error.check == .tenant { unknownNonce.withLock { $0 }?(claims.organization) }
      throw error
    }
    return .accepted(
      Identity(
        organization: tenant.organization, tenantName: tenant.name, issuer: issuer,
        schema: SchemaID(rawValue: claims.schema), nonceHash: nonceHash, expiry: claims.expiry,
        isRetired: isRetired))
  }
}
