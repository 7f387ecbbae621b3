/// `ListVARequest`: which agents an organization may choose from.
public struct ListAgentsRequest: Sendable, Equatable {
  /// The customer's organization.
  public var organizationID: String
  /// Whether the answer shall say which agent is the default.
  public var isDefaultAgentEnabled: Bool

  /// A request.
  public init(organizationID: String, isDefaultAgentEnabled: Bool = false) {
    self.organizationID = organizationID
    self.isDefaultAgentEnabled = isDefaultAgentEnabled
  }
}

/// `ListVAResponse`: the agents, in the order by which a request may also name them.
public struct ListAgentsResponse: Sendable, Equatable {
  /// `VirtualAgentInfo`.
  public struct Agent: Sendable, Equatable {
    /// `virtual_agent_id`
    public var id: String
    /// What a person chooses by.
    public var name: String
    /// Whether an empty `virtual_agent_id` means this agent.
    public var isDefault: Bool
    /// Further properties, free in form.
    public var attributes: [String: String]

    /// An agent.
    public init(id: String, name: String, isDefault: Bool = false, attributes: [String: String] = [:]) {
      self.id = id
      self.name = name
      self.isDefault = isDefault
      self.attributes = attributes
    }
  }

  /// The agents.
  public var agents: [Agent]

  /// A response.
  public init(agents: [Agent]) { self.agents = agents }
}
