public import BotEngine

/// One `VoiceVAResponse`: what the server says within an RPC.
public struct VoiceResponse: Sendable, Equatable {
  /// `ResponseType`. The wire's default is `final`.
  public enum Kind: Int32, Sendable {
    case final = 0
    case partial = 1
    case chunk = 2
  }

  /// `Prompt`. `audio` is a WAV file or raw mu-law by the response mode; an empty array is written as a field that
  /// is present and empty, `nil` is absent. A prompt with audio carries no text, or the platform may speak both.
  public struct Prompt: Sendable, Equatable {
    /// What the platform's own text to speech says.
    public var text: String?
    /// Where the audio is, instead of being here.
    public var audioURI: String?
    /// A WAV file, or raw mu-law at 8 kHz.
    public var audio: [UInt8]?
    /// Whether the caller may interrupt it.
    public var isBargeInEnabled: Bool

    /// A prompt.
    public init(text: String? = nil, audio: [UInt8]? = nil, audioURI: String? = nil, isBargeInEnabled: Bool) {
      self.text = text
      self.audioURI = audioURI
      self.audio = audio
      self.isBargeInEnabled = isBargeInEnabled
    }
  }

  /// `OutputEvent`. The platform reads only the first event of a response.
  public struct Event: Sendable, Equatable {
    /// `OutputEvent.EventType`
    public enum Kind: Int32, Sendable, CaseIterable {
      case unspecified = 0
      case sessionEnd = 1
      case transferToAgent = 2
      case custom = 3
      case startOfInput = 4
      case endOfInput = 5
      case noMatch = 6
      case noInput = 7

      /// Its name on the wire.
      public var wireName: String {
        switch self {
        case .unspecified: "UNSPECIFIED_EVENT"
        case .sessionEnd: "SESSION_END"
        case .transferToAgent: "TRANSFER_TO_AGENT"
        case .custom: "CUSTOM_EVENT"
        case .startOfInput: "START_OF_INPUT"
        case .endOfInput: "END_OF_INPUT"
        case .noMatch: "NO_MATCH"
        case .noInput: "NO_INPUT"
        }
      }
    }

    /// What it tells.
    public var kind: Kind
    /// The name of a custom event.
    public var name: String?
    /// Its data, such as a transfer's summary.
    public var metadata: [String: BotValue]

    /// An event.
    public init(_ kind: Kind, name: String? = nil, metadata: [String: BotValue] = [:]) {
      self.kind = kind
      self.name = name
      self.metadata = metadata
    }
  }

  /// Its place in the answer.
  public var kind: Kind
  /// What the caller hears.
  public var prompts: [Prompt]
  /// What the platform is told; it reads only the first.
  public var events: [Event]
  /// What the caller says or keys next must not be recorded or logged.
  public var isInputSensitive: Bool
  /// Absent with SESSION_END and TRANSFER_TO_AGENT.
  public var inputMode: InputMode?
  /// Absent with SESSION_END and TRANSFER_TO_AGENT.
  public var inputHandling: InputHandling?
  /// Plain text of `session_transcript`.
  public var transcript: String?
  /// Plain text of `session_summary`.
  public var summary: String?
  /// `disable_prompt_cancellation`: a later answer does not cancel these prompts. Not about the caller's interruptions.
  public var isPromptCancellationDisabled: Bool

  /// A response.
  public init(
    _ kind: Kind = .final, prompts: [Prompt] = [], events: [Event] = [], isInputSensitive: Bool = false,
    inputMode: InputMode? = nil, inputHandling: InputHandling? = nil, transcript: String? = nil, summary: String? = nil,
    isPromptCancellationDisabled: Bool = false
  ) {
    self.kind = kind
    self.prompts = prompts
    self.events = events
    self.isInputSensitive = isInputSensitive
    self.inputMode = inputMode
    self.inputHandling = inputHandling
    self.transcript = transcript
    self.summary = summary
    self.isPromptCancellationDisabled = isPromptCancellationDisabled
  }
}
