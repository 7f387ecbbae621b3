/// What happened in a call and when, for the operator who looks at it: turns, waits and interruptions, never what was
/// said, keyed or handed over. Bounded; a pure value with the time as a parameter.
public struct CallStory: Sendable, Equatable {
  /// What happened.
  public enum Kind: String, Sendable, Encodable {
    /// The call began.
    case started
    /// The caller began to speak.
    case speaking
    /// A turn of the caller's was handed to the bot; ``Entry/detail`` is its kind.
    case turn
    /// The first of the bot's answer went out.
    case answered
    /// The caller interrupted the bot.
    case interrupted
    /// The bot failed; ``Entry/detail`` says how.
    case failed
    /// The call ended; ``Entry/detail`` is the reason.
    case ended
  }

  /// One thing that happened.
  public struct Entry: Sendable, Equatable, Encodable {
    /// Seconds since the call began.
    public var at: Double
    /// What happened.
    public var kind: Kind
    /// More of it, from a bounded set of words or from a bot's failure.
    public var detail: String?
    /// Of an answer: milliseconds since the caller's last sound, where speech was heard to end.
    public var wait: Double?
    /// Of an answer: milliseconds since the decision that the caller's turn was over.
    public var answer: Double?
    /// Of a turn of speech: milliseconds of silence that were waited for, where silence ended it.
    public var silence: Int?
    /// Of a turn of speech: what ended it, or why the silence was so long.
    public var because: String?
  }

  /// Entries that are kept: the first, and the latest of the rest.
  static let maximumEntries = 120

  /// Oldest first.
  public private(set) var entries: [Entry] = []
  /// Entries after the first that were dropped for later ones.
  public private(set) var omitted = 0

  /// Adds an entry.
  mutating func note(_ entry: Entry) {
    if entries.count >= Self.maximumEntries {
      entries.remove(at: 1)
      omitted += 1
    }
    entries.append(entry)
  }

  /// The latest answer.
  public var lastAnswer: Entry? { entries.last { $0.kind == .answered } }
}
