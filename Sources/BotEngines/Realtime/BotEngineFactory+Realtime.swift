import BotEngine

extension BotEngineFactory {
  /// A bot that speaks the OpenAI Realtime events.
  static func makeRealtimeEngine(
    _ settings: RealtimeSettings, in surroundings: EngineSurroundings
  ) throws -> any BotEngine {
    try RealtimeEngine(settings, in: surroundings)
  }
}
