public import BotEngine
import GRPCTransport
public import Logging

/// A bot that serves `Protos/bot.proto`: one RPC a call, with the bot as the server.
///
/// The RPC lives on the call's own thread: what the bot says reaches the conversation without a change of threads.
public struct GRPCBotEngine: BotEngine {
  /// `/package.Service/Method`.
  static let path = "/patchbay.bot.v1.Bot/Converse"

  private let settings: GRPCBotSettings
  private let channels: BotChannels
  private let log: Logger

  /// An engine. Nothing is connected yet; blocks while the system's authorities are read.
  public init(_ settings: GRPCBotSettings, log: Logger) throws(EngineError) {
    self.settings = settings
    self.log = log
    channels = try BotChannels(settings.endpoint)
  }

  /// What the configuration says that the bot hears.
  public var audioDelivery: CallerAudioDelivery { settings.hears }

  /// Where the agent says so: a wrong guess costs the bot an answer.
  public var eagerEnds: EagerEnds { .onRequest }

  /// What the configuration says of the bot.
  public var resumes: Bool { settings.resumes }

  /// Holds one call.
  public func converse(_ call: BotCall) async throws {
    try await channels.hold(call.info, log: log) { [settings] channel, metadata in
      var metadata = metadata
      metadata.add("patchbay-org", call.info.organization)
      metadata.add("patchbay-agent", call.info.agent)
      metadata.add("patchbay-conversation", call.info.conversation)
      let encoder = ServerMessageEncoder(encoding: settings.encoding, info: call.info)
      let stream = BotStream(
        channel: channel, path: Self.path, metadata: metadata, patience: settings.endpoint.connectTimeout,
        dialect: GRPCBotDialect(call: call, encoder: encoder))
      return await stream.hold(call)
    }
  }
}
