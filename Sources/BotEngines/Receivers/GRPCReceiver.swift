public import BotEngine
import GRPCTransport
public import Logging
import WebexProtocol

/// The receiver `grpc`: forwards a session to a server of `Protos/bot.proto`, as one more kind of its streams.
///
/// A connection that cannot be made or is lost is made again, with growing pauses, for as long as the session lasts; what
/// the session's bounded events hold meanwhile is sent then.
public final class GRPCReceiver: MediaReceiver {
  private static let path = "/patchbay.bot.v1.Bot/Converse"
  /// Pauses between attempts.
  private static let firstPause = Duration.milliseconds(500)
  private static let longestPause = Duration.seconds(15)
  /// How long the server may take to end its part after the session's end.
  private static let farewell = Duration.seconds(5)

  private let log: Logger
  private let channels: BotChannels
  private let firstPause: Duration

  /// A receiver; `id` is what its logs call it. Nothing is connected yet. Blocks while the system's authorities are read.
  ///
  /// - Throws: ``EngineError`` where TLS is not usable.
  public convenience init(id: String, endpoint: BotEndpoint, log: Logger) throws {
    try self.init(id: id, endpoint: endpoint, log: log, firstPause: Self.firstPause)
  }

  init(id: String, endpoint: BotEndpoint, log: Logger, firstPause: Duration) throws {
    var log = log
    log[metadataKey: "receiver"] = "\(id)"
    self.log = log
    self.firstPause = firstPause
    channels = try BotChannels(endpoint)
  }

  /// Forwards one session, until it is over or the server wants no more of it.
  public func receive(_ session: MediaSession) async throws {
    let feed = MediaFeed(session.events)
    var pause = firstPause
    while !feed.isOver {
      if try await forward(session, feed) { pause = firstPause }
      if feed.isOver { break }
      try await Task.sleep(for: pause)
      pause = min(pause * 2, Self.longestPause)
    }
  }

  /// One RPC, until it or the session ends. Tells whether anything was sent.
  private func forward(_ session: MediaSession, _ feed: MediaFeed) async throws -> Bool {
    let lease: BotChannels.Lease
    do throws(BotFailure) { lease = try await channels.lease(on: EngineLoop.current(log: log)) } catch {
      log.warning("a receiver cannot be reached", metadata: ["why": "\(error)"])
      return false
    }
    defer { channels.giveBack(lease, isTrusted: true) }
    let stream = await lease.channel.call(path: Self.path, metadata: metadata(session.info))
    let wishes = Task {
      for await message in stream.messages {
        if let wish = MediaWishes.decode(message) { session.send(wish) }
      }
      return await stream.status()
    }
    defer { wishes.cancel() }
    var sent = 0
    do throws(RPCStatus) {
      let isResumed = feed.begin()
      try await stream.send(session.info.hello(isResumed: isResumed))
      if isResumed { for event in feed.introduction { try await stream.send(event.encoded()) } }
      while let event = await feed.next() {
        try await stream.send(event.encoded())
        feed.sent(event)
        sent += 1
      }
      stream.halfClose()
      let timer = Task {
        try await Task.sleep(for: Self.farewell)
        stream.cancel()
      }
      _ = await wishes.value
      timer.cancel()
    } catch {
      try Task.checkCancellation()
      if error.isOK {
        feed.close()
        return true
      }
      log.warning(
        "a receiver's stream was lost; it is opened again",
        metadata: [
          "status": "\(error.isOfConnection ? "\(error.code), \(error.message)" : "\(error.code)")",
          "conversation": "\(session.info.conversation)",
        ])
    }
    return sent > 0
  }

  private func metadata(_ info: MediaSessionInfo) -> Metadata {
    var metadata = channels.headers.map { ($0.name, $0.value) }
    let own = [
      ("patchbay-org", info.organization), ("patchbay-conversation", info.conversation),
      ("trackingid", info.trackingID ?? ""),
    ]
    // What no header can carry is in the first message all the same.
    metadata += own.filter { !$0.1.isEmpty && $0.1.utf8.allSatisfy { (0x20...0x7E).contains($0) } }
    return Metadata(metadata)
  }
}
