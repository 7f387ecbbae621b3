public import BotEngine

/// A call that is over.
public struct EndedCall: Sendable {
  /// What was shown of it while it was live.
  public let status: SessionStatus
  /// Why it ended.
  public let end: CallEnd
  /// How the bot failed, where that ended it.
  public let failure: String?
  /// When it ended, on the monotonic clock.
  public let at: Duration

  /// How long it lasted, in seconds.
  public var seconds: Double { status.seconds(now: at) }
}

/// The latest calls that are over, and the latest of those that a bot failed: on a busy server an alert would else speak of
/// calls that nobody can look at any more. Bounded: the oldest goes first.
struct EndedCalls: Sendable {
  /// Calls that are kept.
  static let capacity = 300
  /// Calls that failed and are kept beyond them.
  static let failureCapacity = 100

  private struct Ring: Sendable {
    var calls: [EndedCall] = []
    private var next = 0
    let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    /// Returns the one that has to go.
    mutating func append(_ call: EndedCall) -> EndedCall? {
      guard calls.count >= capacity else {
        calls.append(call)
        return nil
      }
      let former = calls[next]
      calls[next] = call
      next = (next + 1) % capacity
      return former
    }

    /// The latest first.
    var latest: [EndedCall] { Array((calls[next...] + calls[..<next]).reversed()) }
  }

  private var all = Ring(capacity: Self.capacity)
  private var failed = Ring(capacity: Self.failureCapacity)

  mutating func append(_ call: EndedCall) {
    guard let former = all.append(call), former.failure != nil else { return }
    _ = failed.append(former)
  }

  /// The latest first.
  var latest: [EndedCall] { all.latest + failed.latest }
}
