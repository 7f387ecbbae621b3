/// Tokens whose signature was found good before, so that the next call of the same token costs a digest instead of an
/// RSA operation. What depends on the time, the tenants or the issuer's keys is asked again every time.
///
/// Two generations of half the capacity each: when the young one is full it becomes the old one, and what was not used
/// since then is forgotten. Bounded, and no search for the oldest.
struct VerifiedTokens {
  struct Entry: Sendable {
    let issuer: String
    let keyID: String
    /// The key the signature was verified with. An entry counts only while the issuer still has this key under this id.
    let thumbprint: String
    let claims: TokenClaims
    let nonceHash: String
  }

  private let generationSize: Int
  private var young: [SHA256: Entry] = [:]
  private var old: [SHA256: Entry] = [:]

  init(capacity: Int = 4_096) { generationSize = max(1, capacity / 2) }

  var count: Int { young.count + old.count }

  mutating func entry(for token: SHA256) -> Entry? {
    if let entry = young[token] { return entry }
    guard let entry = old.removeValue(forKey: token) else { return nil }
    insert(entry, for: token)
    return entry
  }

  mutating func insert(_ entry: Entry, for token: SHA256) {
    if young.count >= generationSize, young[token] == nil {
      old = young
      young = [:]
    }
    old[token] = nil
    young[token] = entry
  }

  mutating func remove(_ token: SHA256) {
    young[token] = nil
    old[token] = nil
  }
}
