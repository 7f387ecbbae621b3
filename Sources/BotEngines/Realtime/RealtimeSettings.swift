/// What a configuration says of a bot that speaks the OpenAI Realtime events.
public struct RealtimeSettings: Sendable, Equatable {
  /// Audio both ways.
  public enum Format: String, Sendable, CaseIterable {
    /// G.711 mu-law at 8,000 Hz.
    case pcmu
    /// G.711 A-law at 8,000 Hz.
    case pcma
    /// 16-bit linear samples, little-endian, at 24,000 Hz.
    case pcm
  }

  /// A function the bot may call.
  public enum Tool: String, Sendable, CaseIterable {
    /// Hand the caller to a human.
    case transfer = "transfer_to_agent"
    /// End the call.
    case end = "end_call"
    /// Have the caller key digits.
    case digits = "collect_digits"
  }

  /// Where the bot is given what the flow designer hands over.
  public enum CallData: String, Sendable, CaseIterable {
    /// In a first item of the conversation.
    case item
    /// At the end of the session's instructions.
    case instructions
    /// Nowhere.
    case none
  }

  /// Where it is; its headers hold the API key.
  public var endpoint: BotEndpoint
  /// To be added to the URL's query where that names no model.
  public var model: String?
  /// The voice, or the service's own.
  public var voice: String?
  /// What the bot is told.
  public var instructions: String?
  /// What the bot is asked to say when the call begins; `nil` leaves it to the instructions.
  public var greeting: String?
  /// Audio both ways.
  public var format = Format.pcmu
  /// The functions that are offered.
  public var tools = Tool.allCases
  /// The path of a JSON object whose members are laid over the session that is asked for.
  public var sessionFile: String?
  /// Where the bot is given what the flow designer hands over.
  public var callData = CallData.item
  /// The agent's `eager`: whether a response is asked for where the caller's turn may be over.
  public var isEager = false
  /// The agent's `speech.bot_ends_turn`: whether the server's answer ends the caller's turn.
  public var endsTurns = false

  /// Settings; all but the endpoint are defaults.
  public init(endpoint: BotEndpoint) { self.endpoint = endpoint }
}
