import Synchronization

/// What the dashboard shows of a call, readable from any thread. Nothing of what was said, keyed, or who called.
public final class ConversationStatus: Sendable {
  /// What is going on.
  public enum Activity: Int, Sendable {
    /// The caller may speak or press keys.
    case waiting
    /// The caller speaks.
    case speaking
    /// The bot has the turn.
    case answering
  }

  /// The verified organization.
  public let organization: String
  /// The platform's id of the conversation.
  public let conversation: String
  /// The agent's id.
  public let agent: String
  /// When it began, on the monotonic clock.
  let began: Duration
  private let activityValue = Atomic<Int>(0)
  private let turnCount = Atomic<Int>(0)

  init(key: ConversationKey, agent: String, began: Duration) {
    organization = key.organization
    conversation = key.conversation
    self.agent = agent
    self.began = began
  }

  /// What is going on now.
  public var activity: Activity { Activity(rawValue: activityValue.load(ordering: .relaxed)) ?? .waiting }
  /// Turns of the caller so far.
  public var turns: Int { turnCount.load(ordering: .relaxed) }
  /// Seconds since it began.
  public func seconds(now: Duration) -> Double { (now - began) / .seconds(1) }

  func set(_ activity: Activity) { activityValue.store(activity.rawValue, ordering: .relaxed) }
  func countTurn() { turnCount.add(1, ordering: .relaxed) }
}
