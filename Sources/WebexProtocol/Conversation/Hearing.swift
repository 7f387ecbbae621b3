/// What becomes of audio of an RPC, as the conversation stands.
public struct Hearing: Sendable, Equatable {
  /// It is the caller's voice: see ``ConversationStateMachine/isCallersVoice(on:)``.
  public let isCallersVoice: Bool
  /// It is what the caller says now: see ``ConversationStateMachine/isListening(on:)``.
  public let isListening: Bool
  /// It is searched for speech: see ``ConversationStateMachine/isDetecting(on:now:)``.
  public let isDetecting: Bool
  /// It may have the echo of a prompt: see ``ConversationStateMachine/isPlayingPrompt(_:)``.
  public let isPlayingPrompt: Bool
  /// Speech in it would pause a prompt first: see ``ConversationStateMachine/isPausable(_:)``.
  public let isPausable: Bool
  /// It is of a turn that has begun: see ``ConversationStateMachine/isSpeaking``.
  public let isSpeaking: Bool
}
