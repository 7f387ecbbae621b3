/// What a configuration says of another server of Webex's voice virtual agent interface.
public struct ForwardingSettings: Sendable {
  /// Who says that the caller has finished.
  public enum EndOfInput: String, Sendable {
    /// The other server, which is sent all audio.
    case upstream
    /// Patchbay: the other server is sent the caller's turn, and a half-close at its end.
    case patchbay
  }

  /// Where it is.
  public var endpoint: BotEndpoint
  /// The virtual agent to ask for; `nil` is the other server's default.
  public var agent: String?
  /// Who says that the caller has finished.
  public var endOfInput: EndOfInput

  /// Settings.
  public init(endpoint: BotEndpoint, agent: String? = nil, endOfInput: EndOfInput = .upstream) {
    self.endpoint = endpoint
    self.agent = agent
    self.endOfInput = endOfInput
  }
}
