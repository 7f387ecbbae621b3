/// What a configuration says of a bot that takes Twilio's Media Streams.
public struct MediaStreamsSettings: Sendable {
  /// Where it is.
  public var endpoint: BotEndpoint
  /// What it is told as `accountSid`.
  public var account: String
  /// The `customParameters` of the start message, in order.
  public var parameters: [(name: String, value: String)]
  /// Time without audio of a bot that has spoken, after which its turn is over.
  public var turnSilence: Duration

  /// Settings.
  public init(
    endpoint: BotEndpoint, account: String, parameters: [(name: String, value: String)] = [],
    turnSilence: Duration = .milliseconds(700)
  ) {
    self.endpoint = endpoint
    self.account = account
    self.parameters = parameters
    self.turnSilence = turnSilence
  }
}
