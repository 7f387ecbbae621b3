public import WebexProtocol

/// A call as it is replayed: what the caller did and when, and what the server is expected to do about it.
///
/// A folder holds it, with its audio; `Docs/recorded-calls.md` describes the files.
public struct RecordedCall: Sendable, Equatable {
  /// The version of the format that is read and written.
  public static let version = 1
  /// The file in a call's folder that says what is done.
  public static let fileName = "call.yaml"

  /// What people call it.
  public var name: String
  /// The file of the caller's side, which stretches of it are said from.
  public var callerAudio: String?
  /// The file of the agent's side: what was heard. Nothing of it is played.
  public var agentAudio: String?
  /// The timeline that it was made of.
  public var timeline: String?
  /// The length of the pieces that audio is sent in.
  public var frameLength = SpokenClip.frameLength
  /// The platform's no-input time where an answer states none.
  public var noInput: Duration?
  /// The greeting.
  public var greeting = RecordedAnswer()
  /// What the caller does after the greeting; then they hang up.
  public var turns: [RecordedTurn] = []

  /// A call without turns.
  public init(name: String) { self.name = name }
}

/// One thing that a caller does in a recorded call.
public struct RecordedTurn: Sendable, Equatable {
  /// Where words come from.
  public enum Words: Sendable, Equatable {
    /// All of a file.
    case file(String)
    /// A stretch of the file of the caller's side.
    case stretch(Range<Duration>)
    /// Words that were not kept, of about this length.
    case masked(Duration)
  }

  /// What the caller does.
  public enum Act: Sendable, Equatable {
    /// Speaks.
    case say(Words)
    /// Presses keys as one entry; `nil` is a key that was not kept.
    case press([DTMFKey?])
    /// Says nothing until the platform's no-input timer fires.
    case stayQuiet
    /// Hands over an event of the flow.
    case custom(name: String)
    /// Does nothing for a while.
    case wait(Duration)
    /// Hangs up.
    case hangUp
    /// Is gone without a word.
    case vanish
  }

  /// What the caller does.
  public var act: Act
  /// When it begins, and when the platform half-closed.
  public var time = StepTime()
  /// The answer.
  public var answer = RecordedAnswer()

  /// A turn.
  public init(_ act: Act, time: StepTime = StepTime(), answer: RecordedAnswer = RecordedAnswer()) {
    self.act = act
    self.time = time
    self.answer = answer
  }
}

/// The answer to a turn: what it was when the call was recorded, and what it has to be.
public struct RecordedAnswer: Sendable, Equatable {
  /// What an answer was.
  public struct Past: Sendable, Equatable {
    /// From the end of what the caller did to the answer's first audio, or to its end where it has none.
    public var answered: Duration?
    /// How long it was.
    public var length: Duration?

    /// An answer.
    public init(answered: Duration? = nil, length: Duration? = nil) {
      self.answered = answered
      self.length = length
    }
  }

  /// What it was.
  public var past: Past?
  /// What it has to be; `nil` is anything.
  public var expected: TurnExpectation?

  /// An answer.
  public init(past: Past? = nil, expected: TurnExpectation? = nil) {
    self.past = past
    self.expected = expected
  }
}

/// What the answer to a turn has to be.
public struct TurnExpectation: Sendable, Equatable {
  /// How the call goes on.
  public enum Ending: String, Sendable, CaseIterable {
    /// The server hands the caller over.
    case transfer
    /// The server ends the call.
    case end
    /// The call goes on.
    case none
  }

  /// From the end of what the caller did to the first audio of the answer.
  public var answeredWithin: Duration?
  /// Whether the answer has audio or text to be spoken.
  public var hasAudio: Bool?
  /// The shortest answer.
  public var atLeast: Duration?
  /// The longest answer.
  public var atMost: Duration?
  /// Names of the wire's output events (`CUSTOM_EVENT`, `NO_MATCH`, …) that have to come, in this order.
  public var events: [String] = []
  /// How the call goes on.
  public var ending: Ending?

  /// Nothing is expected but an answer.
  public init() {}
}
