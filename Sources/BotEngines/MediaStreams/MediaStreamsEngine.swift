import BotEngine
import Logging

/// A bot that takes Twilio's Media Streams, kind `media-streams`: to it, this is Twilio, and it is the WebSocket server.
struct MediaStreamsEngine: BotEngine {
  private let settings: MediaStreamsSettings
  private let token: String?
  private let bot: SocketBot
  private let log: Logger

  init(_ settings: MediaStreamsSettings, log: Logger) throws(EngineError) {
    self.settings = settings
    token = try settings.token?.readForHeader()
    bot = try SocketBot(settings.endpoint, url: settings.endpoint.url)
    self.log = log
  }

  /// Twilio's bots find the ends of turns themselves, by silence.
  var audioDelivery: CallerAudioDelivery { .everything }

  /// Where the agent says so, and only those that ask for it in the call are told.
  var eagerEnds: EagerEnds { .onRequest }

  func converse(_ call: BotCall) async throws {
    let identity = MediaStreamWriter.Identity(account: settings.account)
    let socket = try await bot.connect(for: call.info)
    defer { socket.close() }
    var conversation = MediaStreamConversation(
      identity: identity, turnSilence: settings.turnSilence, isHeardAtOnce: call.info.isHeardAtOnce, now: .zero)
    let opening = conversation.begin(parameters: settings.parameters(of: call.info))
    let stream = SocketCall(call, over: socket, conversation)
    LiveStreams.shared.add(
      .init(account: identity.account, token: token) { stream.hangUp() }, id: identity.call)
    defer { LiveStreams.shared.remove(identity.call) }
    try await stream.hold(opening: opening)
    let figures = await stream.figures
    log.debug("media stream ended", metadata: figures.mapValues { "\($0)" })
  }
}
