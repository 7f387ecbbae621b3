import Synchronization

/// What the dashboard shows of a session, readable from any thread. Nothing of what was said, keyed, or who called.
public final class SessionStatus: Sendable {
  /// What is going on.
  public enum Activity: Int, Sendable {
    /// The caller may speak or press keys.
    case waiting
    /// The caller speaks.
    case speaking
    /// The bot has the turn.
    case answering
  }

  let key: ConversationKey
  /// The agent's id; of media its kind.
  public let agent: String
  /// When it began, on the monotonic clock.
  let began: Duration
  /// The loop it lives on.
  let loop: ObjectIdentifier
  /// Where its RPCs' spans belong, where it is traced.
  let spans: ConversationSpans?
  private let activityValue = Atomic<Int>(0)
  private let turnCount = Atomic<Int>(0)
  /// Milliseconds of the monotonic clock since when the caller is lost; 0 while not.
  private let lost = Atomic<Int64>(0)

  private let lag = Atomic<Int>(.min)

  init(
    key: ConversationKey, agent: String, began: Duration, loop: ObjectIdentifier, spans: ConversationSpans? = nil
  ) {
    self.key = key
    self.agent = agent
    self.began = began
    self.loop = loop
    self.spans = spans
  }

  /// The verified organization.
  public var organization: String { key.organization }
  /// The platform's id of the conversation.
  public var conversation: String { key.conversation }
  /// What is going on now.
  public var activity: Activity { Activity(rawValue: activityValue.load(ordering: .relaxed)) ?? .waiting }
  /// Turns of the caller so far.
  public var turns: Int { turnCount.load(ordering: .relaxed) }
  /// Seconds since it began.
  public func seconds(now: Duration) -> Double { (now - began) / .seconds(1) }

  func set(_ activity: Activity) { activityValue.store(activity.rawValue, ordering: .relaxed) }
  /// How far the caller's audio is behind real time, in milliseconds; noted with every frame.
  func note(lag milliseconds: Int) { lag.store(milliseconds, ordering: .relaxed) }

  /// What was noted last; `nil` where nothing was since this was asked for.
  func takeLag() -> Int? {
    let noted = lag.exchange(.min, ordering: .relaxed)
    return noted == .min ? nil : max(0, noted)
  }

  /// Since when no RPC is open, the last one having been lost; `nil` otherwise.
  var lostSince: Duration? {
    get {
      let value = lost.load(ordering: .relaxed)
      return value == 0 ? nil : .milliseconds(value)
    }
    set { lost.store(newValue.map { max(1, $0.nanoseconds / 1_000_000) } ?? 0, ordering: .relaxed) }
  }
  func countTurn() { turnCount.add(1, ordering: .relaxed) }
}
