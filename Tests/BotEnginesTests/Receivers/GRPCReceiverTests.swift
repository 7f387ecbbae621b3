import BotEngine
import GRPCTransport
import Locking
import Testing
import Wire

@testable import BotEngines

@Suite("A GRPCReceiver forwards a session to a server, over more than one RPC if need be", .timeLimit(.minutes(1)))
struct GRPCReceiverTests {
  private func receiver(_ endpoint: BotEndpoint) throws -> GRPCReceiver {
    try GRPCReceiver(id: "far", endpoint: endpoint, log: LoopbackBot.log, firstPause: .milliseconds(1))
  }

  private func session(
    _ events: MediaEvent..., sink: @escaping @Sendable (MediaCommand) -> Void = { _ in }
  ) -> MediaSession {
    let queue = MediaEvents()
    for event in events { queue.deliver(event) }
    return MediaSession(
      info: MediaSessionInfo(kind: .fork, organization: "o", conversation: "c é", trackingID: "t"), events: queue,
      sink: sink)
  }

  private let source = MediaEvent.sourceAdded(.init(id: "s", role: .caller))
  private let audio = MediaEvent.audio(.init(source: "s", samples: [1, 2], sampleRate: 8000, position: 0))

  /// The session goes on until it is cancelled.
  private func feed(_ queue: MediaEvents) -> Task<Void, any Error> {
    Task { [audio] in
      while true {
        queue.deliver(audio)
        try await Task.sleep(for: .milliseconds(1))
      }
    }
  }

  private typealias Event = Patchbay__Bot__ServerMessage__EventCase

  private func kinds(_ events: Event...) -> [UInt32] { events.map(\.rawValue) }

  @Test("the server hears whose session it is, then every event in order; what it wishes for reaches the session")
  func whole() async throws {
    let wishes = Locked<[MediaCommand]>([])
    // MediaWish, with a roster that is asked for.
    let builder = MessageBuilder()
    let wish = builder.make(patchbay__bot__media_wish__init)
    wish.pointee.wish_case = PATCHBAY__BOT__MEDIA_WISH__WISH_ROSTER
    wish.pointee.roster = 1
    let message = builder.make(patchbay__bot__bot_message__init)
    message.pointee.command_case = PATCHBAY__BOT__BOT_MESSAGE__COMMAND_MEDIA_WISH
    message.pointee.media_wish = wish
    let bytes = builder.pack(message)
    try await LoopbackBot.run({ call, _, number in if number == 0 { _ = call.send(bytes) } }) { bot in
      try await receiver(bot.endpoint).receive(
        session(source, audio, .ended(.completed)) { wish in wishes.withLock { $0.append(wish) } })
      let streams = await bot.streams()
      #expect(streams.count == 1)
      #expect(
        try streams[0].kinds
          == kinds(
            PATCHBAY__BOT__SERVER_MESSAGE__EVENT_HELLO, PATCHBAY__BOT__SERVER_MESSAGE__EVENT_SOURCE_ADDED,
            PATCHBAY__BOT__SERVER_MESSAGE__EVENT_MEDIA_AUDIO, PATCHBAY__BOT__SERVER_MESSAGE__EVENT_MEDIA_ENDED))
      let headers = streams[0].headers
      #expect(headers.values(for: "patchbay-org") == ["o"] && headers.values(for: "trackingid") == ["t"])
      #expect(headers.values(for: "patchbay-conversation").isEmpty, "no header can carry it")
    }
    #expect(wishes.withLock { $0 } == [.requestRoster])
  }

  @Test("a stream that is lost is opened again: the server hears that it is resumed, who is there, and the rest")
  func lost() async throws {
    try await LoopbackBot.run({ call, stream, message in
      if stream == 0, message == 1 { call.finish(RPCStatus(.unavailable, "gone")) }
    }) { bot in
      let queue = MediaEvents()
      queue.deliver(source)
      let session = MediaSession(
        info: MediaSessionInfo(kind: .meeting, organization: "o", conversation: "c"), events: queue)
      let receiver = try receiver(bot.endpoint)
      async let received: Void = receiver.receive(session)
      // The loss shows when the next event is sent.
      let feeding = feed(queue)
      let second = await bot.streams { $0.count == 2 && $0[1].messages.count > 2 }[1]
      feeding.cancel()
      queue.deliver(.ended(.completed))
      try await received
      #expect(try LoopbackBot.read(second.messages[0]) { $0.hello?.pointee.media?.pointee.resumed } == 1)
      #expect(
        try Array(second.kinds.prefix(3))
          == kinds(
            PATCHBAY__BOT__SERVER_MESSAGE__EVENT_HELLO, PATCHBAY__BOT__SERVER_MESSAGE__EVENT_SOURCE_ADDED,
            PATCHBAY__BOT__SERVER_MESSAGE__EVENT_MEDIA_AUDIO))
      #expect(
        try await bot.streams()[1].kinds.last == PATCHBAY__BOT__SERVER_MESSAGE__EVENT_MEDIA_ENDED.rawValue)
    }
  }

  @Test("a server that ends its stream with OK wants no more of the session")
  func unwanted() async throws {
    try await LoopbackBot.run({ call, _, _ in call.finish() }) { bot in
      let queue = MediaEvents()
      let session = MediaSession(
        info: MediaSessionInfo(kind: .call, organization: "o", conversation: "c"), events: queue)
      let receiver = try receiver(bot.endpoint)
      let feeding = feed(queue)
      try await receiver.receive(session)
      feeding.cancel()
      #expect(await bot.streams().count == 1)
    }
  }
}
