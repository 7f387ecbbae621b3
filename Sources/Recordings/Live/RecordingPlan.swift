/// What a recording is to be: settled when a call begins.
public struct RecordingPlan: Sendable {
  /// The tenant.
  public var organization: String
  /// The platform's id of the conversation.
  public var conversation: String
  /// The agent, or what else the audio is of.
  public var agent: String
  /// `call`, `fork` or `meeting`.
  public var kind: String
  /// Who is on which channel, left first: one or two.
  public var channels: [String]
  /// Samples a second: 8,000, 16,000, 24,000 or 48,000.
  public var sampleRate: Int

  /// A plan; without more, that of a telephone call with an agent.
  public init(
    organization: String, conversation: String, agent: String, kind: String = "call",
    channels: [String] = ["caller", "agent"], sampleRate: Int = 8_000
  ) {
    self.organization = organization
    self.conversation = conversation
    self.agent = agent
    self.kind = kind
    self.channels = channels
    self.sampleRate = sampleRate
  }
}

/// How recordings are kept.
public struct RecordingSettings: Sendable {
  /// The folder that they lie in, one folder an organization; it has to be there.
  public var directory: String
  /// How audio is kept.
  public var format: RecordingFormat
  /// Where keys come from; without any, recordings are not encrypted.
  public var keys: (any RecordingKeys)?
  /// Whether timelines may hold what the bot says as text and the lines of its transcript.
  public var keepsText: Bool
  /// Whether timelines may hold the keys that callers press, except where the input is sensitive.
  public var keepsDigits: Bool

  /// Settings; without more, unencrypted WAV.
  public init(
    directory: String, format: RecordingFormat = .wav, keys: (any RecordingKeys)? = nil, keepsText: Bool = false,
    keepsDigits: Bool = false
  ) {
    self.directory = directory
    self.format = format
    self.keys = keys
    self.keepsText = keepsText
    self.keepsDigits = keepsDigits
  }
}
