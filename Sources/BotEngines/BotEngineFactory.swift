public import BotEngine

/// Makes engines from what a configuration says.
public enum BotEngineFactory {
  /// The engine of a specification. Nothing is connected yet.
  ///
  /// - Throws: ``EngineError``, or ``ScriptError`` with all mistakes of a script. Blocks while files are read.
  public static func makeEngine(
    _ specification: EngineSpecification, in surroundings: EngineSurroundings
  ) throws -> any BotEngine {
    switch specification {
    case .demo: try DemoEngine()
    case .scripted(let script): try ScriptedEngine(script: script)
    case .grpc(let settings): try GRPCBotEngine(settings, log: surroundings.log)
    case .mediaStreams(let settings): try makeMediaStreamsEngine(settings, in: surroundings)
    case .realtime(let settings): try makeRealtimeEngine(settings, in: surroundings)
    case .byova(let settings): try ForwardingEngine(settings, log: surroundings.log)
    }
  }
}
