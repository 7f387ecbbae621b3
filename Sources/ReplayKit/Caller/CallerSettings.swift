public import AudioCodecs

/// Who calls, whom, and how patient the platform and the caller are.
public struct CallerSettings: Sendable, Equatable {
  /// The platform's id of the conversation.
  public var conversation: String
  /// The customer's organization.
  public var organization: String
  /// The agent's id, its place in the list, or empty for the default.
  public var agent = ""
  /// The free text of the configuration in Control Hub.
  public var vendorConfiguration: String?
  /// What the flow hands over.
  public var additionalInfo: [String: String] = [:]
  /// How the caller's audio is written on the wire.
  public var format = AudioFormat.telephone
  /// The caller speaks or presses keys this long after a prompt began that may be interrupted, instead of after its end.
  public var bargeIn: Duration?
  /// From the end of a prompt until the caller speaks or presses the first key.
  public var reaction: Duration = .milliseconds(300)
  /// When single steps begin, where that is known of a recorded call: as many as there are steps, or none. They go
  /// before ``bargeIn`` and ``reaction``.
  public var stepTimes: [StepTime] = []
  /// The length of the pieces that audio is sent in.
  public var frameLength = SpokenClip.frameLength
  /// From one key to the next.
  public var keyInterval: Duration = .milliseconds(200)
  /// No-input time where a response states none.
  public var noInputTimeout: Duration = .seconds(5)
  /// The longest no-input time, whatever a response states; `nil` is as stated.
  public var noInputLimit: Duration?
  /// Time without a further key that ends an entry, where a response states none.
  public var interDigitTimeout: Duration = .seconds(3)
  /// How long the server may take where it is its turn, until the call is given up.
  public var patience: Duration = .seconds(30)
  /// How long the server may take to end an RPC when there is nothing more to say.
  public var leaveTimeout: Duration = .seconds(5)
  /// Bytes that a CHUNK of the server's may have.
  public var chunkBytes = 100...65_536
  /// From END_OF_INPUT to the half-close of its RPC; each RPC has a time of its own within.
  public var halfCloseDelay: ClosedRange<Duration> = .zero ... .zero
  /// Whether the steps begin anew after the last, until ``Caller/endSoon(at:)``.
  public var repeatsSteps = false
  /// Whether what is heard and said is kept, as ``CallTimeline``.
  public var keepsAudio = false
  /// How much of it is kept at most.
  public var keptAudio: Duration = .seconds(3600)

  /// A caller of an organization.
  public init(conversation: String, organization: String) {
    self.conversation = conversation
    self.organization = organization
  }
}

/// When a step begins, and what the platform did after it, as it was recorded.
public struct StepTime: Sendable, Equatable {
  /// When the step begins.
  public enum Begin: Sendable, Equatable {
    /// So long after the prompts are over.
    case afterPrompt(Duration)
    /// So long after the prompts began, if they may be interrupted; or else as after prompts.
    case overPrompt(Duration)
  }

  /// When it begins; `nil` is as the settings have it for all steps.
  public var begin: Begin?
  /// From END_OF_INPUT to the half-close; `nil` is as the settings have it.
  public var halfClose: Duration?

  /// A time.
  public init(begin: Begin? = nil, halfClose: Duration? = nil) {
    self.begin = begin
    self.halfClose = halfClose
  }
}
