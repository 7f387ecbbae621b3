/// The registrations whose tokens operators have revoked at any server. A pure value.
///
/// An entry counts from when it is read, and for as long as Redis has it and ``forgetting`` longer: a Redis that comes
/// back empty takes nothing back, and the server at which something was revoked tells it again.
public struct RevocationFeed<Entry: Sendable & Hashable>: Sendable {
  /// How long an entry counts that Redis has no more.
  public static var forgetting: Duration { .seconds(600) }
  /// Entries that are kept.
  public static var maximum: Int { 20_000 }

  /// When each was seen last.
  private var seen: [Entry: Duration] = [:]
  /// Those of this server's operator.
  private var own: Set<Entry> = []
  /// Those of them that Redis may lack.
  private var untold: Set<Entry> = []

  /// Nothing is revoked.
  public init() {}

  /// Everything that counts.
  public var entries: Set<Entry> { Set(seen.keys) }
  /// What is to be told.
  public var toTell: Set<Entry> { untold }

  /// This server's operator has revoked something.
  public mutating func revoke(_ entry: Entry) {
    guard own.count < Self.maximum else { return }
    own.insert(entry)
    untold.insert(entry)
  }

  /// Redis has them.
  public mutating func told(_ entries: Set<Entry>) { untold.subtract(entries) }

  /// The connection is new: Redis may have lost what it was told. What it has lost for good counts a while longer.
  public mutating func reconnected(now: Duration) {
    untold = own
    for entry in seen.keys { seen[entry] = now }
  }

  /// All that Redis has was read. True where something else counts than before.
  public mutating func read(all entries: Set<Entry>, now: Duration) -> Bool {
    let before = seen.count
    var isNew = add(entries, now: now)
    for (entry, at) in seen where now - at >= Self.forgetting {
      seen[entry] = nil
      own.remove(entry)
      untold.remove(entry)
      isNew = true
    }
    return isNew || seen.count != before
  }

  /// The latest that Redis has were read. True where there is something new.
  public mutating func read(latest entries: Set<Entry>, now: Duration) -> Bool { add(entries, now: now) }

  private mutating func add(_ entries: Set<Entry>, now: Duration) -> Bool {
    var isNew = false
    for entry in entries {
      if seen[entry] == nil {
        guard seen.count < Self.maximum else { continue }
        isNew = true
      }
      seen[entry] = now
    }
    return isNew
  }
}
