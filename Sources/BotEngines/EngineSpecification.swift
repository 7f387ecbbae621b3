public import BotEngine

/// The engine that an agent's configuration asks for.
public enum EngineSpecification: Sendable, Equatable {
  /// ``DemoEngine``.
  case demo
  /// ``ScriptedEngine``, with the path of its dialogue.
  case scripted(script: String)
  /// ``GRPCBotEngine``.
  case grpc(GRPCBotSettings)
  /// A bot that takes Twilio's Media Streams.
  case mediaStreams(MediaStreamsSettings)
  /// A bot that speaks the OpenAI Realtime events.
  case realtime(RealtimeSettings)
  /// ``ForwardingEngine``.
  case byova(ForwardingSettings)
  /// An engine that the program brings itself, with the values of its keys, which may be secrets.
  case own(kind: String, [String: String])
}

extension EngineSpecification {
  /// Whether such an engine prepares its answer while the caller's turn may be over; `nil` where only the engine knows.
  public var eagerEnds: EagerEnds? {
    switch self {
    case .demo, .scripted: .always
    case .grpc: .onRequest
    case .mediaStreams, .realtime, .byova: .never
    case .own: nil
    }
  }
}
