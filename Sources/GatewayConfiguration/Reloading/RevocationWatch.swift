public import YAMLReading

/// What a file of revocations revokes while it is being written: what is added counts at once, what is taken away only
/// when the file has come to rest, because a file that is just being written may be empty for a moment.
///
/// A value: the file's version, a monotonic clock and a way to read it come in.
public struct RevocationWatch: Sendable {
  /// What came of a look.
  public enum Outcome: Sendable, Equatable {
    /// This is revoked from now on.
    case changed(Set<Configuration.Revocation>)
    /// The file cannot be used; what was revoked stays so.
    case refused(ConfigurationError)
  }

  /// How long a file has to stay the same until what is not in it any more is taken again.
  public static let quiet: Duration = 1.s

  /// What is revoked.
  public private(set) var effective: Set<Configuration.Revocation>
  private var stamp: FileStamp
  private var since: Duration
  /// What the file said when it last changed, until it has come to rest.
  private var pending: Result<Set<Configuration.Revocation>, ConfigurationError>?

  /// - Parameters:
  ///   - effective: what the file says.
  ///   - stamp: its version before it was read.
  ///   - now: the time.
  public init(_ effective: Set<Configuration.Revocation>, stamp: FileStamp, at now: Duration) {
    self.effective = effective
    self.stamp = stamp
    since = now
  }

  /// Looks at the file, and reads it where its version is another. `nil` where nothing is to be done.
  public mutating func observe(
    _ stamp: FileStamp, at now: Duration,
    read: () throws(ConfigurationError) -> Set<Configuration.Revocation>
  ) -> Outcome? {
    if stamp != self.stamp {
      self.stamp = stamp
      since = now
      do throws(ConfigurationError) {
        let found = try read()
        pending = .success(found)
        guard !found.isSubset(of: effective) else { return nil }
        effective.formUnion(found)
        return .changed(effective)
      } catch {
        pending = .failure(error)
        return nil
      }
    }
    guard let pending, now - since >= Self.quiet else { return nil }
    self.pending = nil
    switch pending {
    case .failure(let error): return .refused(error)
    case .success(let found):
      guard found != effective else { return nil }
      effective = found
      return .changed(found)
    }
  }
}
