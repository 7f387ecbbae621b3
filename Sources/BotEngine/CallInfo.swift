/// What is known of a call when it reaches the bot.
public struct CallInfo: Sendable {
  /// The customer's organization, as verified.
  public var organization: String
  /// The platform's id of the conversation; stable over the whole call.
  public var conversation: String
  /// The id of the agent in the configuration.
  public var agent: String
  /// The tracking id shared with Webex support, for logs and further requests.
  public var trackingID: String?
  /// The free text of the Control Hub configuration, as it is; often JSON.
  public var vendorConfiguration: String?
  /// What the flow designer hands over. May hold personal data: never log it.
  public var additionalInfo: [String: String]
  /// The name that the flow designer gives the start of the call, if any.
  public var startName: String?
  /// What the flow designer hands over with the start, such as the customer's name or number. May hold personal data:
  /// never log it.
  public var startParameters: [String: BotValue]
  /// What of ``vendorConfiguration``, ``additionalInfo``, ``startName`` and ``startParameters`` is missing because it is
  /// over a bound: names, such as `additional_info.history`.
  public var leftOut: [String]
  /// Whether the call was already under way when this server first heard of it (the server had restarted, or another of
  /// its cluster had the call and died).
  public var isResumed: Bool
  /// In a cluster, how many servers have had the call, this one included; else 0. Of two that speak of one conversation the
  /// one with the higher epoch has it.
  public var epoch: UInt64 = 0
  /// The caller's turns before this server had the call, as far as they are known.
  public var formerTurns = 0
  /// What the call's bot has last had kept at a former server (``BotCommand/keep(_:)``); `nil` where nothing is known.
  public var kept: String?
  /// Whether the caller hears audio as the bot sends it (CHUNK responses), and not only once the turn has ended (WAV
  /// responses).
  public var isHeardAtOnce: Bool
  /// The header `traceparent` (W3C Trace Context) for requests to the bot; `nil` where the call is not traced.
  public var traceparent: String?
  /// The caller's token, for an engine that hands it on (``CallerTokenReader``).
  package var token: CallerToken?

  /// A call's particulars.
  public init(
    organization: String, conversation: String, agent: String, trackingID: String? = nil,
    vendorConfiguration: String? = nil, additionalInfo: [String: String] = [:], isResumed: Bool = false,
    isHeardAtOnce: Bool = false, startName: String? = nil, startParameters: [String: BotValue] = [:],
    leftOut: [String] = []
  ) {
    self.organization = organization
    self.conversation = conversation
    self.agent = agent
    self.trackingID = trackingID
    self.vendorConfiguration = vendorConfiguration
    self.additionalInfo = additionalInfo
    self.isResumed = isResumed
    self.isHeardAtOnce = isHeardAtOnce
    self.startName = startName
    self.startParameters = startParameters
    self.leftOut = leftOut
  }
}
