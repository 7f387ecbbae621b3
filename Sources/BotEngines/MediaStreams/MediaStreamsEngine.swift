import BotEngine
import Logging

/// A bot that takes Twilio's Media Streams, kind `media-streams`: to it, this is Twilio, and it is the WebSocket server.
struct MediaStreamsEngine: BotEngine {
  private let settings: MediaStreamsSettings
  private let bot: SocketBot
  private let log: Logger

  init(_ settings: MediaStreamsSettings, in surroundings: EngineSurroundings) throws(EngineError) {
    self.settings = settings
    bot = try SocketBot(settings.endpoint, url: settings.endpoint.url)
    log = surroundings.log
  }

  /// Twilio's bots find the ends of turns themselves, by silence.
  var audioDelivery: CallerAudioDelivery { .everything }

  func converse(_ call: BotCall) async throws {
    let identity = MediaStreamWriter.Identity(account: settings.account)
    let socket = try await bot.connect()
    defer { socket.close() }
    let stream = MediaStreamCall(
      call: call, socket: socket, identity: identity, turnSilence: settings.turnSilence)
    LiveStreams.shared.add(
      .init(account: identity.account, token: settings.token) { stream.hangUp() }, id: identity.call)
    defer { LiveStreams.shared.remove(identity.call) }
    try await stream.hold(parameters: parameters(of: call.info))
    let figures = await stream.figures
    log.debug("media stream ended", metadata: figures.mapValues { "\($0)" })
  }

  /// What the bot is told of the call; what the configuration says goes before.
  private func parameters(of info: CallInfo) -> [(name: String, value: String)] {
    var parameters = settings.parameters
    let known = [
      ("conversation", info.conversation), ("organization", info.organization), ("agent", info.agent),
      ("trackingId", info.trackingID ?? ""), ("vendorConfiguration", info.vendorConfiguration ?? ""),
    ]
    for (name, value) in known + info.additionalInfo.sorted(by: { $0.key < $1.key })
    where !value.isEmpty && !parameters.contains(where: { $0.name == name }) {
      parameters.append((name, value))
    }
    return parameters
  }
}
