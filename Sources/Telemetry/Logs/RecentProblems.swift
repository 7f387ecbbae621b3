public import Logging

/// The latest warnings and errors of a log, those of one kind together. Bounded: of kinds and of text. A pure value with
/// the time as a parameter.
public struct RecentProblems: Sendable {
  /// Warnings or errors of one message and one cause, as they came lately.
  public struct Group: Sendable, Equatable {
    /// As severe as the latest was.
    public internal(set) var level: Logger.Level
    /// The line's message.
    public internal(set) var message: String
    /// The latest line's cause, where it has one: card numbers masked, cut to ``RecentProblems/maximumText`` bytes.
    public internal(set) var cause: String?
    /// Whose call it was, the latest time.
    public internal(set) var agent: String?
    /// The latest call.
    public internal(set) var conversation: String?
    /// Lines.
    public internal(set) var count: Int
    /// When the first one came, in nanoseconds since 1970.
    public internal(set) var first: Int64
    /// When the latest one came.
    public internal(set) var last: Int64
  }

  /// Groups that are kept; a new one takes the place of the one that was quiet for the longest.
  public static let maximumGroups = 40
  /// Bytes of a text.
  public static let maximumText = 300
  /// Where a line says why.
  private static let causes = ["error", "problem", "what", "why", "cause", "reason"]

  private struct Key: Hashable {
    var message: String
    /// Without its digits: addresses and times differ from line to line.
    var cause: String
    var agent: String?
  }

  private var groups: [Key: Group] = [:]

  /// The latest first.
  public var latest: [Group] { groups.values.sorted { $0.last > $1.last } }

  /// A line was logged.
  ///
  /// - Parameter time: in nanoseconds since 1970.
  mutating func note(_ level: Logger.Level, _ message: String, error: String?, metadata: Logger.Metadata, time: Int64) {
    let text = error ?? Self.causes.lazy.compactMap { metadata[$0] }.first.map { "\($0)" }
    let cause = text.map { Self.cut(Redactor.mask($0)) }
    let agent = metadata["agent"].map { Self.cut("\($0)") }
    let key = Key(message: Self.cut(message), cause: Self.withoutDigits(cause ?? ""), agent: agent)
    var group =
      groups[key]
      ?? Group(
        level: level, message: key.message, cause: cause, agent: agent, conversation: nil, count: 0, first: time,
        last: time)
    if groups[key] == nil, groups.count >= Self.maximumGroups,
      let quietest = groups.min(by: { $0.value.last < $1.value.last })
    {
      groups[quietest.key] = nil
    }
    group.level = level
    group.cause = cause
    group.conversation = metadata["conversation"].map { Self.cut(Redactor.mask("\($0)")) } ?? group.conversation
    group.count += 1
    group.last = time
    groups[key] = group
  }

  private static func cut(_ text: String) -> String {
    guard text.utf8.count > maximumText else { return text }
    return String(decoding: text.utf8.prefix(maximumText - 4), as: UTF8.self) + "…"
  }

  private static func withoutDigits(_ text: String) -> String {
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      let isDigit = (48...57).contains(byte)
      if !isDigit { bytes.append(byte) } else if bytes.last != 35 { bytes.append(35) }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
