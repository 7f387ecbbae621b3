/// What a configuration says of a bot that speaks the OpenAI Realtime events.
public struct RealtimeSettings: Sendable {
  /// Audio both ways.
  public enum Format: String, Sendable {
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
  public enum CallData: String, Sendable {
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
  public var format: Format
  /// The functions that are offered.
  public var tools: [Tool]
  /// A JSON object whose members are laid over the session that is asked for.
  public var session: String?
  /// Where the bot is given what the flow designer hands over.
  public var callData: CallData

  /// Settings.
  public init(
    endpoint: BotEndpoint, model: String? = nil, voice: String? = nil, instructions: String? = nil,
    greeting: String? = nil, format: Format = .pcmu, tools: [Tool] = Tool.allCases, session: String? = nil,
    callData: CallData = .item
  ) {
    self.endpoint = endpoint
    self.model = model
    self.voice = voice
    self.instructions = instructions
    self.greeting = greeting
    self.format = format
    self.tools = tools
    self.session = session
    self.callData = callData
  }
}
