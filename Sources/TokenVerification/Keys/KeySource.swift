/// Where the verifier gets the keys of the issuers it trusts.
///
/// Issuers are given as the verifier's own constants, never as a token's text; key ids are a token's text of a checked form.
public protocol KeySource: Sendable {
  /// What is known now. Never waits and never does input or output itself; it may start a fetch in the background.
  /// Called on a call's thread.
  func lookup(issuer: String, keyID: String) -> KeyLookup

  /// What is known once the fetch has ended that the key has to wait for, if it has to wait. Never ``KeyLookup/pending``.
  func fetch(issuer: String, keyID: String) async -> KeyLookup
}

/// What a key source knows of a key.
public enum KeyLookup: Sendable {
  /// The one key of this issuer and id.
  case found(RSAPublicKey)
  /// The issuer has no such key.
  case unknown
  /// It cannot be known now: there are no keys of this issuer, and they cannot be fetched.
  case unavailable
  /// The keys have to be fetched first: ask with `fetch(issuer:keyID:)`.
  case pending
}

/// Keys that are known from the start: a development issuer's, or a test's.
public struct StaticKeySource: KeySource {
  private let keySets: [String: KeySet]

  /// The key sets by issuer.
  public init(_ keySets: [String: KeySet]) { self.keySets = keySets }

  /// The key, or unknown.
  public func lookup(issuer: String, keyID: String) -> KeyLookup {
    keySets[issuer]?[keyID].map { .found($0) } ?? .unknown
  }

  /// The same as `lookup(issuer:keyID:)`: there is nothing to wait for.
  public func fetch(issuer: String, keyID: String) async -> KeyLookup { lookup(issuer: issuer, keyID: keyID) }
}
