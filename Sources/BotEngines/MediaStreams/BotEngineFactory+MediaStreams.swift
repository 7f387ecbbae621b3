import BotEngine

extension BotEngineFactory {
  /// A bot that takes Twilio's Media Streams.
  static func makeMediaStreamsEngine(
    _ settings: MediaStreamsSettings, in surroundings: EngineSurroundings
  ) throws -> any BotEngine {
    throw EngineError(.notBuiltIn, "The engine media-streams is not part of this version; write another kind.")
  }
}
