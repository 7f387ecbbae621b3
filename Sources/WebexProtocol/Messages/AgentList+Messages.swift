import Wire

extension ListAgentsRequest {
  private static let schema = WireSchema(webex__voice__list_varequest__init, limits: .request)

  /// Reads a `ListVARequest` within the bounds of ``WireLimits/request``.
  ///
  /// - Throws: ``MessageError``
  public init(decoding bytes: UnsafeRawBufferPointer) throws {
    let request = try MessageDecoder<Webex__Voice__ListVARequest>(Self.schema).decode(bytes)
    self.init(
      organizationID: BorrowedText(request.pointer.pointee.customer_org_id).string,
      isDefaultAgentEnabled: request.pointer.pointee.is_default_virtual_agent_enabled != 0)
  }

  /// The `ListVARequest` on the wire.
  public func encoded() -> [UInt8] {
    let builder = MessageBuilder()
    let message = builder.make(webex__voice__list_varequest__init)
    message.pointee.customer_org_id = builder.text(organizationID)
    message.pointee.is_default_virtual_agent_enabled = isDefaultAgentEnabled ? 1 : 0
    return builder.pack(message)
  }
}

extension ListAgentsResponse {
  private static let schema = WireSchema(webex__voice__list_varesponse__init, limits: .response)

  /// Reads a `ListVAResponse`, as our own clients do, within the bounds of ``WireLimits/response``.
  ///
  /// - Throws: ``MessageError``
  public init(decoding bytes: UnsafeRawBufferPointer) throws {
    let arena = CappedArena(responseBytes: bytes.count)
    let response = try MessageDecoder<Webex__Voice__ListVAResponse>(Self.schema, arena: arena).decode(bytes)
    let list = response.pointer.pointee
    let agents = UnsafeBufferPointer(start: list.virtual_agents, count: list.n_virtual_agents)
    self.init(agents: agents.compactMap { ($0?.pointee).map(Agent.init) })
  }

  /// The `ListVAResponse` on the wire.
  public func encoded() -> [UInt8] {
    let builder = MessageBuilder()
    let message = builder.make(webex__voice__list_varesponse__init)
    (message.pointee.n_virtual_agents, message.pointee.virtual_agents) = builder.array(
      agents.map { $0.build(builder) })
    return builder.pack(message)
  }
}

extension ListAgentsResponse.Agent {
  fileprivate init(_ message: Webex__Voice__VirtualAgentInfo) {
    self.init(
      id: BorrowedText(message.virtual_agent_id).string, name: BorrowedText(message.virtual_agent_name).string,
      isDefault: message.is_default != 0,
      attributes: .init(message.attributes, count: message.n_attributes))
  }

  fileprivate func build(_ builder: MessageBuilder) -> UnsafeMutablePointer<Webex__Voice__VirtualAgentInfo> {
    let message = builder.make(webex__voice__virtual_agent_info__init)
    message.pointee.virtual_agent_id = builder.text(id)
    message.pointee.virtual_agent_name = builder.text(name)
    message.pointee.is_default = isDefault ? 1 : 0
    (message.pointee.n_attributes, message.pointee.attributes) = builder.entries(
      attributes, webex__voice__virtual_agent_info__attributes_entry__init)
    return message
  }
}
