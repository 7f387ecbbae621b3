/// How many conversations of an organization this server may have, where others share its limit: asked with the
/// organization, how many it has, and the limit. Waits for nothing.
public typealias SharedCeiling = @Sendable (_ organization: String, _ own: Int, _ limit: Int) -> Int

/// Bounds on what the gateway takes on.
public struct GatewayLimits: Sendable, Equatable {
  /// Conversations at once.
  public var conversations: Int
  /// Conversations of one organization at once.
  public var conversationsPerTenant: Int
  /// The same for organizations that have a limit of their own.
  public var conversationsByOrganization: [String: Int]
  /// How late callers may be heard, from which new calls are refused.
  public var lag: Duration
  /// Bytes of memory that the process may have; `nil` is what the system lets it have.
  public var memory: Int?
  /// Time an RPC may be open without its first message.
  public var firstMessage: Duration
  /// Time an RPC may go on between messages while the caller's part of it is not over.
  public var betweenMessages: Duration

  /// Time a socket may be open between messages.
  public var betweenSocketMessages: Duration

  /// Limits; the defaults are the product's.
  public init(
    conversations: Int = 2000, conversationsPerTenant: Int = 1000, conversationsByOrganization: [String: Int] = [:],
    lag: Duration = .milliseconds(100), memory: Int? = nil,
    firstMessage: Duration = .seconds(10), betweenMessages: Duration = .seconds(60),
    betweenSocketMessages: Duration = .seconds(600)
  ) {
    self.conversations = conversations
    self.conversationsPerTenant = conversationsPerTenant
    self.conversationsByOrganization = conversationsByOrganization
    self.lag = lag
    self.memory = memory
    self.firstMessage = firstMessage
    self.betweenMessages = betweenMessages
    self.betweenSocketMessages = betweenSocketMessages
  }

  /// Conversations that an organization may have at once.
  public func conversations(of organization: String) -> Int {
    conversationsByOrganization[organization] ?? conversationsPerTenant
  }

  /// RPCs at once: two a conversation and some more, so that a flood is refused before anything of it is read.
  var calls: Int { conversations * 2 + 64 }
}
