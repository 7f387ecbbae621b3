public import BotEngine
public import Logging

/// Makes engines from what a configuration says.
public enum BotEngineFactory {
  /// The engine of a specification. Nothing is connected yet.
  ///
  /// - Parameter log: no words, digits, audio or parameters of callers go there.
  /// - Throws: ``EngineError``, or `ConfigurationError` with all mistakes of a script. Blocks while files are read.
  public static func makeEngine(
    _ specification: EngineSpecification, log: Logger
  ) throws -> any BotEngine {
    switch specification {
    case .demo: try DemoEngine()
    case .scripted(let script): try ScriptedEngine(script: script)
    case .grpc(let settings): try GRPCBotEngine(settings, log: log)
    case .mediaStreams(let settings): try MediaStreamsEngine(settings, log: log)
    case .realtime(let settings): try RealtimeEngine(settings, log: log)
    case .byova(let settings): try ForwardingEngine(settings, log: log)
    case .own(let kind, _): throw EngineError(.notBuiltIn, "The engine \(kind) makes itself.")
    }
  }
}
