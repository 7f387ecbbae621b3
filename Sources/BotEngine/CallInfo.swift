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
  /// Whether the call was already under way when this server first heard of it (the server had restarted).
  public var isResumed: Bool
  /// Whether the caller hears audio as the bot sends it (CHUNK responses), and not only once the turn has ended (WAV
  /// responses).
  public var isHeardAtOnce: Bool

  /// A call's particulars.
  public init(
    organization: String, conversation: String, agent: String, trackingID: String? = nil,
    vendorConfiguration: String? = nil, additionalInfo: [String: String] = [:], isResumed: Bool = false,
    isHeardAtOnce: Bool = false
  ) {
    self.organization = organization
    self.conversation = conversation
    self.agent = agent
    self.trackingID = trackingID
    self.vendorConfiguration = vendorConfiguration
    self.additionalInfo = additionalInfo
    self.isResumed = isResumed
    self.isHeardAtOnce = isHeardAtOnce
  }
}
