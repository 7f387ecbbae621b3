import Locking

/// The calls that Media Streams bots hold, by the `callSid` that each bot was given: for the REST route by which such a
/// bot hangs up.
public final class LiveStreams: Sendable {
  /// What came of a request.
  public enum Outcome: Sendable, Equatable {
    /// The call is being ended.
    case completed
    /// There is no such call of this account, or it is over.
    case unknown
    /// The token is not the one of the call's bot.
    case refused
  }

  struct Call: Sendable {
    var account: String
    /// What the bot shows; `nil` takes the admin port's token only.
    var token: String?
    var hangUp: @Sendable () -> Void
  }

  /// Those of this process.
  public static let shared = LiveStreams()

  private let calls = Locked<[String: Call]>([:])

  /// No calls yet.
  public init() {}

  /// Ends a call as soon as what its bot has said was heard.
  ///
  /// - Parameters:
  ///   - token: what was shown; `nil` where it was found to be good for every call.
  public func complete(account: String, call: String, token: String?) -> Outcome {
    guard let live = calls.withLock({ $0[call] }), live.account == account else { return .unknown }
    if let token, !Self.isEqual(token, live.token) { return .refused }
    live.hangUp()
    return .completed
  }

  func add(_ call: Call, id: String) { calls.withLock { $0[id] = call } }

  func remove(_ id: String) { calls.withLock { _ = $0.removeValue(forKey: id) } }

  /// Compares without telling by its time how much is right.
  private static func isEqual(_ given: String, _ right: String?) -> Bool {
    guard let right, given.utf8.count == right.utf8.count else { return false }
    return zip(given.utf8, right.utf8).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
