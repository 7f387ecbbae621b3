public import Secrets

/// What a configuration says of a bot that accepts Twilio's Media Streams.
public struct MediaStreamsSettings: Sendable, Equatable {
  /// One of the `customParameters` of the start message.
  public struct Parameter: Sendable, Equatable {
    /// The name.
    public var name = ""
    /// The value; may be a secret.
    public var value = ""

    /// A parameter, to be filled in.
    public init() {}
  }

  /// Where it is.
  public var endpoint: BotEndpoint
  /// What it is told as `accountSid`.
  public var account = "AC" + String(repeating: "0", count: 32)
  /// The token by which the bot may end its calls over REST: what it was given as Twilio's auth token.
  public var token: Secret?
  /// The `customParameters` of the start message, in order.
  public var parameters: [Parameter] = []
  /// Time without audio of a bot that has spoken, reckoned from the end of what it said, after which its turn is over.
  public var turnSilence: Duration = .milliseconds(700)

  /// Settings; all but the endpoint are defaults.
  public init(endpoint: BotEndpoint) { self.endpoint = endpoint }
}
