/// An open `ProcessCallerInput` RPC of a conversation.
public struct RPCID: Hashable, Sendable, CustomStringConvertible {
  /// Unique within the process.
  public let rawValue: UInt64

  /// An id; the transport counts its calls.
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// For logs.
  public var description: String { "#\(rawValue)" }
}

/// What a message of the caller means for the conversation. Audio samples take the short way past this type: only that
/// an RPC carries audio, and what the detector finds in it, concerns the turns.
public enum CallerInput: Sendable, Equatable {
  case sessionStart
  case sessionEnd
  case noInput
  /// The caller began to press keys.
  case startOfDTMF
  /// All keys of an entry; none means no input.
  case digits([DTMFKey])
  case custom(name: String, parameters: [String: StructValue])
  /// Audio, or the announcement of its format.
  case audio
  /// An event this version does not know: tolerated.
  case unknown
}

/// What the conversation tells the bot.
public enum ConversationEvent: Sendable, Equatable {
  case started
  case speechStarted(offset: Int)
  case speechEnded(offset: Int)
  case digits(String)
  case noInput
  case custom(name: String, parameters: [String: StructValue])
  case interrupted(playedMilliseconds: Int)
  /// The playout clock passed a mark of the bot's, or what came before it was dropped.
  case mark(String, played: Bool)
  case ended(ConversationEnd)
}

/// Why a conversation ended.
public enum ConversationEnd: String, Sendable {
  case hangup
  case ended
  case transferred
  case idle
  /// The last RPC was lost, and no other came.
  case lost
  case tooLong
  case shutdown
  case botFailed
}

/// What the bot does, in the terms of the wire.
public enum BotOutput: Sendable, Equatable {
  /// Mu-law at 8,000 Hz.
  case audio([UInt8], bargeIn: Bool)
  case text(String, bargeIn: Bool)
  /// What is said from here to the end of the turn is not to be cancelled by a later answer.
  case disablePromptCancellation
  /// Drops what was not sent yet of the turn.
  case clear
  case endTurn(TurnSettings?)
  case settings(TurnSettings)
  case transfer(summary: String?, metadata: [String: StructValue])
  case end
  case custom(name: String, metadata: [String: StructValue])
  case sensitive(Bool)
  case transcript(speaker: String, text: String)
  /// Asks to be told when what was said so far has been played.
  case mark(String)
  /// The bot failed: what it had not said yet is dropped.
  case failed
  /// The bot is done without having said what becomes of the caller, who hears it out.
  case finished
}

/// How the caller's next input is taken: what the platform is told, and what our own detector does.
public struct TurnSettings: Sendable, Equatable {
  /// Voice, keys or both.
  public var mode: InputMode
  /// What the platform is told of timers and keys.
  public var handling: InputHandling
  /// Silence that ends the caller's turn, in milliseconds; `nil` is the agent's own.
  public var endSilence: Int?
  /// Longest utterance in milliseconds; `nil` is the agent's own.
  public var maximumSpeech: Int?

  /// Settings.
  public init(
    mode: InputMode = .voiceAndDTMF, handling: InputHandling = InputHandling(), endSilence: Int? = nil,
    maximumSpeech: Int? = nil
  ) {
    self.mode = mode
    self.handling = handling
    self.endSilence = endSilence
    self.maximumSpeech = maximumSpeech
  }
}

/// What has to be done, in order.
public enum ConversationAction: Sendable, Equatable {
  case send(RPCID, VoiceResponse)
  /// Completes an RPC after what was sent on it.
  case finish(RPCID, RPCCompletion)
  /// Tells the bot; the number is the turn that its answers will belong to.
  case tell(ConversationEvent, turn: Int)
  /// Forgets what the detector has heard: the next audio begins a new stretch.
  case resetDetector
  /// The conversation is over.
  case close(ConversationEnd)
}

/// How an RPC is completed.
public enum RPCCompletion: Sendable, Equatable {
  case ok
  /// Too many RPCs of one conversation.
  case tooManyCalls
  /// The server is shutting down.
  case unavailable
}
