public import WebexProtocol

extension ConversationStateMachine.Settings {
  /// The same for a call over WebSocket: answers are chunks whatever the agent's configuration says, of 320 to 32,000
  /// bytes.
  public var onSocket: Self {
    var settings = self
    settings.mode = .chunk
    settings.chunks = ChunkSizes(
      first: min(max(chunks.first, 320), 31_000), further: min(max(chunks.further, 320), 31_000), minimum: 320)
    return settings
  }
}
