public import BotEngine
public import WebexProtocol

/// What a calling party does, once the greeting has been asked for. Each step waits until the floor is the caller's:
/// the prompts have been played, or ``CallerSettings/bargeIn`` says otherwise.
public enum CallStep: Sendable, Equatable {
  /// Speaks a clip, by its index in the caller's clips.
  case speak(clip: Int)
  /// Presses keys as one entry. No key at all is an entry that timed out.
  case press([DTMFKey])
  /// Says nothing until the platform's no-input timer fires.
  case stayQuiet
  /// Hands over an event of the flow.
  case custom(name: String, parameters: [String: BotValue])
  /// Says nothing for a while, within the platform's no-input timer or beyond it.
  case wait(Duration)
  /// Hangs up: `SESSION_END`.
  case hangUp
  /// Is gone without a word: all RPCs are cancelled.
  case vanish
}
