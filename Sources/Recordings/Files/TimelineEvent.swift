/// Something that happened in a recorded call. Neither digits nor words: only that there were some, and how many.
public struct TimelineEvent: Sendable, Hashable {
  /// When, in milliseconds of the recording.
  public var milliseconds: Int
  /// What, in a word of letters and underscores.
  public var name: String
  /// Numbers that belong to it, as in `digits: 4`.
  public var numbers: [String: Int]
  /// Words of the configuration and of the protocol, never the caller's, unless text was asked for.
  public var words: [String: String]

  /// An event at a time.
  public init(_ name: String, at milliseconds: Int, numbers: [String: Int] = [:], words: [String: String] = [:]) {
    self.name = name
    self.milliseconds = milliseconds
    self.numbers = numbers
    self.words = words
  }
}

/// What is known of a recording when it begins: the first line of its timeline.
public struct RecordingDetails: Sendable, Hashable, Codable {
  /// The recording's random id, which names its files.
  public var id: String
  /// The tenant.
  public var organization: String
  /// The platform's id of the conversation.
  public var conversation: String
  /// The agent, or what else the audio is of.
  public var agent: String
  /// `call`, `fork` or `meeting`.
  public var kind: String
  /// Who is on which channel, left first.
  public var channels: [String]
  /// When it began, in seconds since 1970.
  public var began: Int64
  /// Samples a second.
  public var sampleRate: Int
  /// How the audio is kept.
  public var format: String
}
