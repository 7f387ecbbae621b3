public import BotEngine

/// What a configuration says of a bot that serves `Protos/bot.proto`.
public struct GRPCBotSettings: Sendable {
  /// The encoding of the caller's audio on its way to the bot.
  public enum Encoding: String, Sendable {
    /// 16-bit linear samples at the caller's rate.
    case linear16
    /// G.711 mu-law at 8,000 Hz.
    case mulaw
  }

  /// Where it is.
  public var endpoint: BotEndpoint
  /// Which part of the caller's audio it is sent.
  public var hears: CallerAudioDelivery
  /// How it is sent.
  public var encoding: Encoding

  /// Settings.
  public init(endpoint: BotEndpoint, hears: CallerAudioDelivery = .turns, encoding: Encoding = .linear16) {
    self.endpoint = endpoint
    self.hears = hears
    self.encoding = encoding
  }
}
