/// The id of a Webex data source schema, as a token's `com.cisco.datasource.schema.uuid` names it.
public struct SchemaID: RawRepresentable, Sendable, Hashable {
  /// The UUID in lower case.
  public let rawValue: String

  /// Any schema's id.
  public init(rawValue: String) { self.rawValue = rawValue }

  /// The Voice Virtual Agent (BYOVA) schema: `VoiceVirtualAgent`.
  public static let voiceVirtualAgent = SchemaID(rawValue: "5397013b-7920-4ffc-807c-e8a3e0a18f43")
  /// The schema of the same service over WebSocket.
  public static let voiceVirtualAgentSocket = SchemaID(rawValue: "a38a10b7-43e4-4676-a076-a7d6dce9387d")
  /// The conversation audio forking schema: `ConversationAudio`.
  public static let audioForking = SchemaID(rawValue: "523e1b7f-4693-47bc-b84e-a7b7a505fb0b")
  /// The Media Intelligence schema of meetings: `MultiMedia`.
  public static let mediaIntelligence = SchemaID(rawValue: "1b2b7077-dbcd-4732-b2f9-296f9168168a")

  /// The schemas that are spoken over gRPC.
  public static let media: Set<SchemaID> = [.voiceVirtualAgent, .audioForking, .mediaIntelligence]
}

/// Which schema a token must be registered for, by the method that is called with it.
public enum RequiredSchema: Sendable, Hashable {
  /// This one: a service of the schema itself.
  case exactly(SchemaID)
  /// Any of the tenant's: a service that all schemas share.
  case anyOfTenant
}
