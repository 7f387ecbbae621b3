public import BotEngine
import Locking
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

  /// What an operator reads of it; changed once a turn.
  private struct Story: Sendable {
    var timeline = CallStory()
    var trackingIDs: [String] = []
    var recording: String?
    var kept: KeptState?
  }

  /// Tracking ids that are kept, of as many RPCs: the first, and the latest of the rest.
  static let maximumTrackingIDs = 8
  private static let lastNumber = Atomic<Int>(0)

  let key: ConversationKey
  /// Tells it from all others of this process.
  public let number = SessionStatus.lastNumber.add(1, ordering: .relaxed).newValue
  /// The tenant's name.
  public let tenant: String
  /// The agent's id; of media its kind.
  public let agent: String
  /// Whether it is a call of an agent, a forked conversation, or a meeting.
  public let kind: MediaSessionInfo.Kind
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
  private let story = Locked(Story())

  init(
    key: ConversationKey, tenant: String? = nil, agent: String, kind: MediaSessionInfo.Kind = .call, began: Duration,
    loop: ObjectIdentifier, spans: ConversationSpans? = nil
  ) {
    self.key = key
    self.kind = kind
    self.tenant = tenant ?? key.organization
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

  // MARK: Its story

  /// What happened so far.
  public var timeline: CallStory { story.withLock { $0.timeline } }
  /// The tracking ids of its RPCs, as far as they are kept.
  public var trackingIDs: [String] { story.withLock { $0.trackingIDs } }

  /// The id of its recording; `nil` where it is not recorded.
  public internal(set) var recording: String? {
    get { story.withLock { $0.recording } }
    set { story.withLock { $0.recording = newValue } }
  }

  /// What its next owner is to have. It is the bot's, and shown nowhere.
  var kept: KeptState? {
    get { story.withLock { $0.kept } }
    set { story.withLock { $0.kept = newValue } }
  }

  /// An RPC of this tracking id belongs to it.
  func note(trackingID: String?) {
    guard let trackingID else { return }
    story.withLock { story in
      guard !story.trackingIDs.contains(trackingID) else { return }
      if story.trackingIDs.count >= Self.maximumTrackingIDs { story.trackingIDs.remove(at: 1) }
      story.trackingIDs.append(trackingID)
    }
  }

  /// Something happened; `detail` is none of the caller's words.
  func note(_ kind: CallStory.Kind, _ detail: String? = nil, end: TurnEnd? = nil, now: Duration) {
    let entry = CallStory.Entry(
      at: seconds(now: now), kind: kind, detail: detail, silence: end?.silence, because: end?.because)
    story.withLock { $0.timeline.note(entry) }
  }

  /// The first of an answer goes out; `silence` is how long the caller had been silent when the turn was over.
  func noteAnswer(after time: Duration, silence: Duration?, now: Duration) {
    let entry = CallStory.Entry(
      at: seconds(now: now), kind: .answered, wait: silence.map { (time + $0) / .milliseconds(1) },
      answer: time / .milliseconds(1))
    story.withLock { $0.timeline.note(entry) }
  }
}
