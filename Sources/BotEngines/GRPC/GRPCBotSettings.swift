public import BotEngine

/// What a configuration says of a bot that serves `Protos/bot.proto`.
public struct GRPCBotSettings: Sendable, Equatable {
  /// The encoding of the caller's audio on its way to the bot.
  public enum Encoding: String, Sendable, CaseIterable {
    /// 16-bit linear samples at the caller's rate.
    case linear16
    /// G.711 mu-law at 8,000 Hz.
    case mulaw
  }

  /// Where it is.
  public var endpoint: BotEndpoint
  /// Which part of the caller's audio it is sent.
  public var hears = CallerAudioDelivery.turns
  /// How it is sent.
  public var encoding = Encoding.linear16
  /// Whether it can go on with a call that it has on another stream.
  public var resumes = false

  /// Settings; all but the endpoint are defaults.
  public init(endpoint: BotEndpoint) { self.endpoint = endpoint }
}
