import BotEngine

extension BotEngineFactory {
  /// A bot that takes Twilio's Media Streams.
  static func makeMediaStreamsEngine(
    _ settings: MediaStreamsSettings, in surroundings: EngineSurroundings
  ) throws -> any BotEngine {
    try MediaStreamsEngine(settings, in: surroundings)
  }
}
