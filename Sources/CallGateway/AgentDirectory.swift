/// The agents, in the order of the configuration.
public struct AgentDirectory: Sendable {
  private let agents: [Agent]

  /// A directory; an id that comes twice is found at its first place.
  public init(_ agents: [Agent]) { self.agents = agents }

  /// All of them, in the order of the configuration.
  public var all: [Agent] { agents }

  /// The agents by their ids.
  public var agentsByID: [String: Agent] {
    Dictionary(agents.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The agents that an organization may call, in order; what `ListVirtualAgents` lists.
  public func agents(for organization: String) -> [Agent] { agents.filter { $0.serves(organization) } }

  /// Finds the agent that `virtual_agent_id` names for an organization: empty is the default agent, else an id, else a
  /// 1-based index into the organization's own list. Another organization's agent is not found.
  public func agent(_ id: String, for organization: String) -> Agent? {
    let own = agents(for: organization)
    if id.isEmpty { return own.first(where: \.isDefault) ?? own.first }
    if let named = own.first(where: { $0.id == id }) { return named }
    guard id.utf8.count <= 4, let index = Int(id), index >= 1, index <= own.count else { return nil }
    return own[index - 1]
  }
}
