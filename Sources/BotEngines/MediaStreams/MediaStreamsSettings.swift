/// What a configuration says of a bot that takes Twilio's Media Streams.
public struct MediaStreamsSettings: Sendable {
  /// Where it is.
  public var endpoint: BotEndpoint
  /// What it is told as `accountSid`.
  public var account: String
  /// The token by which the bot may end its calls over REST: what it was given as Twilio's auth token. Never log it.
  public var token: String?
  /// The `customParameters` of the start message, in order.
  public var parameters: [(name: String, value: String)]
  /// Time without audio of a bot that has spoken, after which its turn is over.
  public var turnSilence: Duration

  /// Settings.
  public init(
    endpoint: BotEndpoint, account: String, token: String? = nil, parameters: [(name: String, value: String)] = [],
    turnSilence: Duration = .milliseconds(700)
  ) {
    self.endpoint = endpoint
    self.account = account
    self.token = token
    self.parameters = parameters
    self.turnSilence = turnSilence
  }
}
