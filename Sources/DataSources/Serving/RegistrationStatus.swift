/// What operators want to know of a registration.
public struct RegistrationStatus: Sendable, Hashable {
  /// Where it stands.
  public enum State: String, Sendable, Hashable {
    /// It has not been found yet.
    case seeking
    /// Webex calls.
    case active
    /// It is registered, and Webex does not call.
    case disabled
    /// Its token has ended: Webex does not call.
    case lapsed
    /// Another server looks after it.
    case elsewhere
  }

  /// Which registration it is.
  public var key: DesiredRegistration.Key
  /// The tenant's name.
  public var name: String
  /// The data source's id, once it is known.
  public var id: String?
  /// Where it stands.
  public var state: State
  /// When its token ends, in seconds since 1970.
  public var expiry: Int64?
  /// From when on it is renewed, in seconds since 1970; nil where another server does it.
  public var renewAt: Int64?
  /// With fewer seconds left, its renewal is long overdue: half of the time that it was to be renewed before its end, at
  /// most half an hour.
  public var notice: Int64
  /// Attempts that failed since one that did not.
  public var failures: Int
  /// Why the last one failed, until one succeeds.
  public var lastFailure: DataSourceError?

  /// Seconds that the token has to live; 0 where it has ended, nil where nothing is known of it.
  public func secondsLeft(now: Int64) -> Int64? { expiry.map { max(0, $0 - now) } }

  /// Whether this server looks after it and it is so near to its end that it should have been renewed long ago. A short
  /// life that is renewed in time is never that.
  public func isEnding(now: Int64) -> Bool {
    guard state != .elsewhere, let left = secondsLeft(now: now) else { return false }
    return left < notice
  }

  /// The most that ``notice`` is, in seconds.
  static let longestNotice: Int64 = 1_800
}

extension RegistrationLifeCycle {
  /// What operators want to know.
  func status(isHolder: Bool, now: Int64) -> RegistrationStatus {
    let state: RegistrationStatus.State
    if let expiry, now >= expiry {
      state = .lapsed
    } else if !isHolder, expiry != nil {
      state = .elsewhere
    } else if let source {
      state = source.isActive ? .active : .disabled
    } else {
      state = .seeking
    }
    return RegistrationStatus(
      key: desired.key, name: desired.name, id: source?.id ?? desired.id, state: state, expiry: expiry,
      renewAt: isHolder ? renewAt : nil,
      notice: max(1, min(RegistrationStatus.longestNotice, timing.lead(life: life) / 2)), failures: failures,
      lastFailure: lastFailure)
  }
}
