/// Tells when something that is looked at again and again has changed and come to rest: an editor that writes in several
/// steps, or several files that are replaced together, are one change.
///
/// A pure value: what is seen and a monotonic clock come in.
public struct ChangeDetector<Version: Equatable & Sendable>: Sendable {
  private let quiet: Duration
  private var settled: Version
  private var latest: Version
  private var since: Duration

  /// - Parameters:
  ///   - version: what is in force.
  ///   - quiet: how long a new version has to stay the same.
  public init(_ version: Version, quiet: Duration) {
    self.quiet = quiet
    settled = version
    latest = version
    since = .zero
  }

  /// Takes what is there now. True once for each change, when it has stayed the same for the quiet time.
  public mutating func observe(_ version: Version, at now: Duration) -> Bool {
    if version != latest {
      latest = version
      since = now
    }
    guard latest != settled, now - since >= quiet else { return false }
    settled = latest
    return true
  }

  /// What is there now is in force: no change is to be told for it.
  public mutating func settle(_ version: Version, at now: Duration) {
    settled = version
    latest = version
    since = now
  }
}
