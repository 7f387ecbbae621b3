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

/// The latest calls that are over. Bounded: the oldest goes first.
struct EndedCalls: Sendable {
  /// Calls that are kept.
  static let capacity = 300

  private var ring: [EndedCall] = []
  private var next = 0

  mutating func append(_ call: EndedCall) {
    if ring.count < Self.capacity { return ring.append(call) }
    ring[next] = call
    next = (next + 1) % Self.capacity
  }

  /// The latest first.
  var latest: [EndedCall] { Array((ring[next...] + ring[..<next]).reversed()) }
}
