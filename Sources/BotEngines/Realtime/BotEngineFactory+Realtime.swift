import BotEngine

extension BotEngineFactory {
  /// A bot that speaks the OpenAI Realtime events.
  static func makeRealtimeEngine(
    _ settings: RealtimeSettings, in surroundings: EngineSurroundings
  ) throws -> any BotEngine {
    throw EngineError(.notBuiltIn, "The engine realtime is not part of this version; write another kind.")
  }
}
