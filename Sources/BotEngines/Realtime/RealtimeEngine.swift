import BotEngine
import Logging

/// A bot that speaks the OpenAI Realtime events, kind `realtime`: it is the WebSocket server, this its client.
struct RealtimeEngine: BotEngine {
  private let session: RealtimeSession
  private let bot: SocketBot
  private let log: Logger

  /// Bytes of a server's event: an item with a minute of the caller's audio, as 24 kHz linear samples in Base64.
  private static let maximumMessage = 4 << 20
  /// Bytes that may wait to be sent where turns that may be over are taken back: one turn in Base64, and what follows it.
  private static let maximumUnsent = 1 << 19

  init(_ settings: RealtimeSettings, log: Logger) throws(EngineError) {
    bot = try SocketBot(
      settings.endpoint, url: Self.url(settings), maximumMessage: Self.maximumMessage,
      maximumUnsent: settings.isEager ? Self.maximumUnsent : nil)
    session = try RealtimeSession(settings, over: try EngineFile.text(settings.sessionFile))
    self.log = log
  }

  /// The URL with the model in its query, where it names none.
  static func url(_ settings: RealtimeSettings) -> String {
    let url = settings.endpoint.url
    guard let model = settings.model, !url.contains("?model="), !url.contains("&model=") else { return url }
    return url + (url.contains("?") ? "&" : "?") + "model=" + escaped(model)
  }

  /// Percent-encoded but for the characters that mean themselves everywhere (RFC 3986, section 2.3).
  private static func escaped(_ text: String) -> String {
    text.utf8.map { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: String(UnicodeScalar(byte))
      default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }.joined()
  }

  /// A server that finds the caller's turns itself needs the silence between them too.
  var audioDelivery: CallerAudioDelivery { session.detectsTurns ? .everything : .turns }

  /// Where the agent says so, and the server does not find the turns itself.
  var eagerEnds: EagerEnds { session.detectsTurns ? .never : .onRequest }

  func converse(_ call: BotCall) async throws {
    let socket = try await bot.connect(for: call.info)
    defer { socket.close() }
    let conversation = RealtimeConversation(
      session, data: RealtimeCallData(call.info), isHeardAtOnce: call.info.isHeardAtOnce)
    let opening = conversation.begin()
    let realtime = SocketCall(call, over: socket, conversation)
    try await realtime.hold(opening: opening)
    let figures = await realtime.figures
    log.debug("realtime session ended", metadata: figures.mapValues { "\($0)" })
  }
}
