/// What came of one call, as `patchbay call --json` writes it. Times are in milliseconds from the start of the call, or
/// between two events.
public struct CallReport: Sendable, Codable, Equatable {
  /// One turn.
  public struct Turn: Sendable, Codable, Equatable {
    /// greeting, speech, voice, unintended, digits, noInput or custom.
    public var kind: String
    /// The clip's name, where one was spoken.
    public var clip: String?
    /// open, answered, transferred, ended, unheard, notCollected or failed.
    public var result: String
    /// When the caller began.
    public var began: Double
    /// From the true start of speech to START_OF_INPUT.
    public var startDelay: Double?
    /// From the true end of speech to END_OF_INPUT.
    public var endDelay: Double?
    /// From the end of speech, the last key or the event to the first audio of the answer.
    public var answerLatency: Double?
    /// From END_OF_INPUT to the first audio of the answer.
    public var answerAfterEnd: Double?
    /// How long the answer is.
    public var answerLength: Double
    /// Whether the caller began over a prompt.
    public var bargedIn: Bool
    /// What was not said any more when the server ended the turn.
    public var unspoken: Double
  }

  /// hungUp, ended, transferred, vanished or failed.
  public var outcome: String
  /// Why it failed.
  public var failure: String?
  /// The gRPC status that it failed with.
  public var status: String?
  /// What the human agent is told at a transfer.
  public var summary: String?
  /// RPCs that ended otherwise than with OK, or not at all, though the call did not fail.
  public var broken: [String]
  /// The turns, the greeting first.
  public var turns: [Turn]
  /// What the platform would not have taken.
  public var violations: [String]
  /// What the call was to do and did not, in sentences.
  public var shortfalls: [String]
  /// Prompts that were text for the platform's own voice.
  public var textPrompts: Int
  /// Those of them that a local voice has spoken.
  public var spokenTexts: Int
  /// Frames of 20 ms sent.
  public var framesSent: Int
  /// Audio heard, silence between included.
  public var heard: Double

  /// A report of a call that is over.
  public init(_ caller: Caller, outcome: CallOutcome) {
    self.outcome = outcome.name
    switch outcome {
    case .failed(let failure):
      self.failure = failure.description
      if case .status = failure.reason { status = failure.name }
    case .transferred(let summary): self.summary = summary
    case .hungUp, .ended, .vanished: break
    }
    broken = caller.brokenRPCs.map(\.description)
    turns = caller.turns.map { Turn($0, clips: caller.clips.map(\.name)) }
    violations = caller.violations.map(\.description)
    shortfalls = CallVerdict(caller, outcome: outcome).shortfalls
    textPrompts = caller.textPrompts
    spokenTexts = caller.spokenTexts
    framesSent = caller.framesSent
    heard = Double(caller.timeline.samples(of: .agent).count) / 8
  }
}

extension CallReport.Turn {
  init(_ turn: CallTurn, clips: [String]) {
    switch turn.kind {
    case .greeting: kind = "greeting"
    case .speech(let index):
      kind = "speech"
      clip = clips.indices.contains(index) ? clips[index] : nil
    case .voice: kind = "voice"
    case .unintended: kind = "unintended"
    case .digits: kind = "digits"
    case .noInput: kind = "noInput"
    case .custom: kind = "custom"
    }
    result =
      switch turn.result {
      case .open: "open"
      case .answered:
        switch turn.ending {
        case .transfer: "transferred"
        case .end: "ended"
        case nil: "answered"
        }
      case .unheard: "unheard"
      case .notCollected: "notCollected"
      case .failed: "failed"
      }
    began = turn.began.inMilliseconds
    startDelay = turn.startDelay?.inMilliseconds
    endDelay = turn.endDelay?.inMilliseconds
    answerLatency = turn.answerLatency?.inMilliseconds
    answerAfterEnd = turn.answerAfterEnd?.inMilliseconds
    answerLength = turn.answerLength.inMilliseconds
    bargedIn = turn.bargedIn
    unspoken = turn.unspoken.inMilliseconds
  }
}
