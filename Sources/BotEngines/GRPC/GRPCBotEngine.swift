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
    channels = try BotChannels(settings.endpoint, maximumMessage: WireSize.maximum)
  }

  /// What the configuration says that the bot hears.
  public var audioDelivery: CallerAudioDelivery { settings.hears }

  /// Where the agent says so: a wrong guess costs the bot an answer.
  public var eagerEnds: EagerEnds { .onRequest }

  /// What the configuration says of the bot.
  public var resumes: Bool { settings.resumes }

  /// Holds one call.
  public func converse(_ call: BotCall) async throws {
    let loop = try EngineLoop.current(log: log)
    let lease = try await channels.lease(on: loop)
    var hasHeard = false
    defer { channels.giveBack(lease, isTrusted: hasHeard) }
    let encoder = ServerMessageEncoder(encoding: settings.encoding, info: call.info)
    let stream = BotStream(
      channel: lease.channel, path: Self.path, metadata: metadata(call.info),
      patience: settings.endpoint.connectTimeout, dialect: GRPCBotDialect(call: call, encoder: encoder))
    let end = await withTaskExecutorPreference(loop) { await stream.hold(call) }
    hasHeard = end.hasHeard
    if let failure = end.failure { throw failure }
  }

  private func metadata(_ info: CallInfo) -> Metadata {
    var metadata = Metadata(channels.headers.map { ($0.name, $0.value) })
    if let tracking = info.trackingID { metadata.add("trackingid", tracking) }
    if let traceparent = info.traceparent { metadata.add("traceparent", traceparent) }
    metadata.add("patchbay-org", info.organization)
    metadata.add("patchbay-agent", info.agent)
    metadata.add("patchbay-conversation", info.conversation)
    return metadata
  }
}

/// Sizes of messages on the wire.
enum WireSize {
  /// Bytes of a message from a bot; a longer one ends its call.
  static let maximum = 131_072
}
