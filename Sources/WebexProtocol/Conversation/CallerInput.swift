public import BotEngine

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
  case custom(name: String, parameters: [String: BotValue])
  /// Audio, or the announcement of its format.
  case audio
  /// An event this version does not know: tolerated.
  case unknown
}

/// What has to be done, in order.
public enum ConversationAction: Sendable, Equatable {
  case send(RPCID, VoiceResponse)
  /// The same with what is heard until the bot speaks, which is nothing of its answer; with why, where it begins.
  case fill(RPCID, VoiceResponse, begins: FillerReason?)
  /// The prompt is held back, since the caller may have begun to speak.
  case paused
  /// It is held back no longer.
  case unpaused(ConversationStateMachine.PauseEnd)
  /// Completes an RPC after what was sent on it.
  case finish(RPCID, RPCCompletion)
  /// Tells the bot; the number is the turn that its answers will belong to.
  case tell(CallerEvent, turn: Int)
  /// Tells the bot what is known of the end of the caller's turn; the number is as with `tell`.
  case tellTurn(TurnEvent, turn: Int)
  /// Carries out what the bot had prepared of its answer (``ConversationStateMachine/takeReleased()``), as of this turn.
  case release(turn: Int)
  /// Forgets what the detector has heard: the next audio begins a new stretch.
  case resetDetector
  /// The conversation is over.
  case close(CallEnd)
}

/// How an RPC is completed.
public enum RPCCompletion: Sendable, Equatable {
  case ok
  /// Too many RPCs of one conversation.
  case tooManyCalls
  /// The server is shutting down.
  case unavailable
}
