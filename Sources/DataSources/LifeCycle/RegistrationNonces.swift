/// The nonces of one registration whose tokens are good: the registered one, the one about to be registered, and those
/// whose tokens have not ended yet.
public struct RegistrationNonces: Sendable, Hashable {
  /// A nonce and how long it is taken.
  public struct Entry: Sendable, Hashable {
    /// What `jti` says.
    public var nonce: String
    /// Until when, in seconds since 1970.
    public var until: Int64
  }

  /// Nonces that are kept: a data source that is renewed again and again has a few at a time.
  static let maximumEntries = 64

  /// The nonce that is registered.
  private(set) var current: Entry?
  /// The nonce that is about to be.
  private(set) var pending: String?
  /// Others whose tokens may still come.
  private(set) var others: [Entry] = []
  /// Until then a token may come whose nonce is not known.
  private(set) var unknownUntil: Int64?
  private let skew: Int64

  init(skew: Duration) { self.skew = skew.components.seconds }

  /// The nonces that a good token may have, as far as they are known.
  func known(now: Int64) -> [String] {
    [current?.nonce, pending].compactMap { $0 } + others.filter { now < $0.until }.map(\.nonce)
  }

  /// Whether every good token has one of them.
  func isComplete(now: Int64) -> Bool {
    if let unknownUntil, now < unknownUntil { return false }
    return current != nil || !others.isEmpty
  }

  /// All of it, for the servers that share the lease. What is pending is taken as long as a token of it could live.
  func entries(now: Int64, lifetime: Int64) -> [Entry] {
    let soon = pending.map { Entry(nonce: $0, until: now + lifetime + skew) }
    return [current, soon].compactMap { $0 } + others.filter { now < $0.until }
  }

  /// A nonce is about to be registered.
  mutating func announce(_ nonce: String) { pending = nonce }

  /// This is registered, with a token that ends then. `nonce` is nil where the service does not tell it.
  mutating func learn(_ nonce: String?, expiry: Int64, now: Int64) {
    forget(now)
    let until = expiry.addingReportingOverflow(skew).partialValue
    guard let nonce else {
      // The nonce is one nobody knows unless nothing has happened since it was registered.
      if current?.until != until { unknownUntil = max(unknownUntil ?? until, until) }
      return
    }
    if let current, current.nonce != nonce { keep(current) }
    others.removeAll { $0.nonce == nonce }
    current = Entry(nonce: nonce, until: until)
    if pending == nonce { pending = nil }
  }

  /// What another server knows, which had the lease.
  mutating func adopt(_ entries: [Entry], isComplete: Bool, now: Int64) {
    forget(now)
    for entry in entries where entry.nonce != current?.nonce && now < entry.until { keep(entry) }
    if !isComplete, let last = entries.map(\.until).max() { unknownUntil = max(unknownUntil ?? last, last) }
  }

  private mutating func keep(_ entry: Entry) {
    if let index = others.firstIndex(where: { $0.nonce == entry.nonce }) {
      others[index].until = max(others[index].until, entry.until)
      return
    }
    others.append(entry)
    if others.count > Self.maximumEntries { others.removeFirst() }
  }

  private mutating func forget(_ now: Int64) {
    others.removeAll { now >= $0.until }
    if let unknownUntil, now >= unknownUntil { self.unknownUntil = nil }
  }
}
