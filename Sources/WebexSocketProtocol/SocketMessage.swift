public import WebexProtocol

/// One message of the client, taken out of its envelope.
public struct SocketMessage: Sendable, Equatable {
  /// What it is about.
  public enum Content: Sendable, Equatable {
    /// `PING`, to be answered with its own number.
    case ping
    /// `PONG`; nothing asks for one.
    case pong
    /// `ERROR`: what the client says of itself.
    case error(code: String, detail: String)
    /// `VOICE_VA_REQUEST`.
    case request(SocketRequest)
  }

  /// `seq`: rises from message to message of one sender.
  public var sequence: Int
  /// `conversation_id`: 1 to 128 bytes without control characters.
  public var conversationID: String
  /// What it is about.
  public var content: Content
}

/// What the caller does, in the form in which the other wire brings it.
public struct SocketRequest: Sendable, Equatable {
  /// Which of the three inputs it has.
  public enum Kind: Sendable, Equatable {
    case audio
    case digits
    case event(VoiceRequest.Event.Kind)
  }

  /// Which of the three inputs it has.
  public var kind: Kind
  /// `virtual_agent_id`; `nil` is not stated.
  public var agentID: String?
  /// A `VoiceVARequest` in the wire format of protobuf. One with audio says no more than the audio and whose it is.
  public var bytes: [UInt8]
}
