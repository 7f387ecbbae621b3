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
    let opening = conversation.begin(parameters: parameters(of: call.info))
    let stream = SocketCall(call, over: socket, conversation)
    LiveStreams.shared.add(
      .init(account: identity.account, token: token) { stream.hangUp() }, id: identity.call)
    defer { LiveStreams.shared.remove(identity.call) }
    try await stream.hold(opening: opening)
    let figures = await stream.figures
    log.debug("media stream ended", metadata: figures.mapValues { "\($0)" })
  }

  /// What the bot is told of the call; what the configuration says goes before.
  private func parameters(of info: CallInfo) -> [(name: String, value: String)] {
    var parameters = settings.parameters.map { (name: $0.name, value: $0.value) }
    func has(_ name: String) -> Bool { parameters.contains { $0.name == name } }
    let known = [
      ("conversation", info.conversation), ("organization", info.organization), ("agent", info.agent),
      ("trackingId", info.trackingID ?? ""), ("vendorConfiguration", info.vendorConfiguration ?? ""),
      // A name alone is the platform's own.
      ("startName", info.startParameters.isEmpty ? "" : info.startName ?? ""),
      ("traceparent", info.traceparent ?? ""), ("leftOut", info.leftOut.joined(separator: ", ")),
    ]
    for (name, value) in known where !value.isEmpty && !has(name) { parameters.append((name, value)) }
    let parts: [(prefix: String, values: [String: String])] = [
      ("additionalInfo.", info.additionalInfo), ("start.", info.startParameters.mapValues(\.text)),
    ]
    for (prefix, values) in parts {
      for (name, value) in values.sorted(by: { $0.key < $1.key }) {
        // A name that is there already stands for something else.
        let free = has(name) ? prefix + name : name
        if !has(free) { parameters.append((free, value)) }
      }
    }
    return parameters
  }
}

extension BotValue {
  /// A text as it is, anything else as JSON: this wire has only texts.
  fileprivate var text: String {
    if case .string(let text) = self { text } else { json }
  }
}
