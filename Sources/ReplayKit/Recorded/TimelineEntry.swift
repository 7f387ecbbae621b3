/// Something that happened in a call, as a recording's timeline has it.
public struct TimelineEntry: Sendable, Equatable {
  /// When, in milliseconds of the recording.
  public var milliseconds: Int
  /// What, as `Docs/recordings.md` lists it.
  public var name: String
  /// Numbers that belong to it.
  public var numbers: [String: Int]
  /// Words that belong to it.
  public var words: [String: String]

  /// An entry.
  public init(_ name: String, at milliseconds: Int, numbers: [String: Int] = [:], words: [String: String] = [:]) {
    self.milliseconds = milliseconds
    self.name = name
    self.numbers = numbers
    self.words = words
  }
}

/// How a recording becomes a call.
public struct RecordedCallOptions: Sendable, Equatable {
  /// Whether keys that the timeline holds are kept.
  public var keepsKeys = false
  /// Whether the answers have to be as they were: there, with audio or without, and not much later.
  public var expectsAnswers = false

  /// Nothing that callers entered is kept, and nothing is expected.
  public init() {}
}
