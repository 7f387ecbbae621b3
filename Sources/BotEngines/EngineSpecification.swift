public import Logging

/// The engine that an agent's configuration asks for.
public enum EngineSpecification: Sendable {
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
}

/// What engines use of the program around them.
public struct EngineSurroundings: Sendable {
  /// The id of the agent that the engine is for.
  public var agent: String
  /// Where engines log: no words, digits, audio or parameters of callers.
  public var log: Logger

  /// Surroundings.
  public init(agent: String, log: Logger) {
    self.agent = agent
    self.log = log
  }
}
