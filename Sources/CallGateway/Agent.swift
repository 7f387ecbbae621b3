public import AudioCodecs
public import BotEngine
public import SpeechDetection
public import WebexProtocol

/// A virtual agent of the configuration: a bot engine and how its calls are conducted.
public struct Agent: Sendable {
  /// What Webex calls it by; unique.
  public var id: String
  /// What an administrator sees in the flow designer.
  public var name: String
  /// Whether it answers calls that name no agent.
  public var isDefault: Bool
  /// The organizations it serves; `nil` is all.
  public var organizations: Set<String>?
  /// The bot.
  public var engine: any BotEngine
  /// Response mode, chunk sizes, first input settings, timeouts.
  public var conversation: ConversationStateMachine.Settings
  /// How calls are kept from a bot that fails.
  let health: BotHealth
  let metrics: AgentMetrics
  /// Endpointing of the caller's speech.
  public var speech: EndpointingSettings
  /// Speech over a prompt that may be interrupted has to last this long, in milliseconds, to count: an echo or a cough
  /// must not cut a prompt off.
  public var minimumBargeIn: Int
  /// The same where speech pauses a prompt: what goes on for so long ends it, in milliseconds.
  public var pauseLimit: Int
  /// What judges whether a silent caller has finished, where somebody does.
  public var judge: TurnJudge?
  /// Whether the echo of its prompts is taken out of what is heard.
  public var subtractsEcho: Bool
  /// The format of audio that states none.
  public var defaultFormat: AudioFormat
  /// Whether its calls are recorded; `nil` leaves it to the tenant.
  public var isRecorded: Bool?

  /// An agent.
  public init(
    id: String, name: String, isDefault: Bool = false, organizations: Set<String>? = nil, engine: any BotEngine,
    conversation: ConversationStateMachine.Settings = .init(), breaker: CircuitBreaker.Settings = .init(),
    speech: EndpointingSettings = .init(), minimumBargeIn: Int = 300, pauseLimit: Int = 580,
    subtractsEcho: Bool = false,
    defaultFormat: AudioFormat = .telephone,
    isRecorded: Bool? = nil
  ) {
    self.id = id
    self.name = name
    self.isDefault = isDefault
    self.organizations = organizations
    self.engine = engine
    self.conversation = conversation
    self.health = BotHealth(agent: id, settings: breaker)
    self.metrics = AgentMetrics(agent: id)
    self.speech = speech
    self.minimumBargeIn = minimumBargeIn
    self.pauseLimit = pauseLimit
    self.subtractsEcho = subtractsEcho
    self.defaultFormat = defaultFormat
    self.isRecorded = isRecorded
  }

  /// How its bot is doing.
  public var condition: BotCondition { health.condition }

  func serves(_ organization: String) -> Bool { organizations?.contains(organization) ?? true }
}
