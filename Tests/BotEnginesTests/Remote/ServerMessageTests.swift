import AudioCodecs
import BotEngine
import Testing
import WebexProtocol

@testable import BotEngines
import Wire

@Suite("What a bot is told on Protos/bot.proto")
struct ServerMessageTests {
  private func read<R>(_ bytes: [UInt8]?, _ body: (Patchbay__Bot__ServerMessage) throws -> R) throws -> R {
    let decoder = MessageDecoder<Patchbay__Bot__ServerMessage>(
      WireSchema(patchbay__bot__server_message__init, limits: .request))
    let bytes = bytes ?? []
    let message = try bytes.span.bytes.withUnsafeBytes { try decoder.decode($0) }
    return try body(message.pointer.pointee)
  }

  @Test("begins with the version and all that is known of the call")
  func hello() throws {
    var info = CallInfo(
      organization: "o", conversation: "c", agent: "a", trackingID: "t", vendorConfiguration: "{}",
      additionalInfo: ["k": "v"], isResumed: true)
    info.epoch = 3
    info.formerTurns = 5
    try read(ServerMessageEncoder(encoding: .mulaw).hello(info)) { message in
      #expect(message.event_case == PATCHBAY__BOT__SERVER_MESSAGE__EVENT_HELLO)
      let hello = try #require(message.hello?.pointee)
      #expect(hello.protocol_version == 1)
      #expect(hello.kind == PATCHBAY__BOT__STREAM_KIND__STREAM_KIND_CONVERSATION)
      let call = try #require(hello.call?.pointee)
      #expect(BorrowedText(call.conversation).string == "c" && BorrowedText(call.tracking).string == "t")
      #expect(call.n_additional_info == 1 && call.resumed != 0 && call.epoch == 3 && call.turns == 5)
    }
  }

  @Test("tells the start with what the flow hands over, and what of it is missing")
  func started() throws {
    let info = CallInfo(
      organization: "o", conversation: "c", agent: "a", startName: "vip",
      startParameters: ["customer": .string("Ada"), "visits": .number(3)], leftOut: ["parameters.history"])
    var encoder = ServerMessageEncoder(encoding: .mulaw, info: info)
    try read(encoder.hello(info)) { message in
      let call = try #require(message.hello?.pointee.call?.pointee)
      #expect(call.n_left_out == 1 && BorrowedText(call.left_out?[0]).string == "parameters.history")
    }
    try read(encoder.event(.started, turn: 1)) { message in
      let started = try #require(message.started?.pointee)
      #expect(BorrowedText(started.name).string == "vip")
      #expect(BotValue.object(started.parameters) == ["customer": .string("Ada"), "visits": .number(3)])
    }
  }

  @Test("holds the caller's audio at its own rate as linear samples, and at 8,000 Hz as mu-law")
  func audio() throws {
    let audio = CallerAudio(samples: [Int16](repeating: 1000, count: 1600), sampleRate: 16_000, offset: 300)
    var linear = ServerMessageEncoder(encoding: .linear16)
    try read(linear.event(.audio(audio), turn: 4)) { message in
      let sent = try #require(message.audio?.pointee)
      #expect(message.turn == 4 && sent.offset == 300 && sent.samples.len == 3200)
      #expect(sent.format.pointee.sample_rate == 16_000)
    }
    var mulaw = ServerMessageEncoder(encoding: .mulaw)
    try read(mulaw.event(.audio(audio), turn: 4)) { message in
      let sent = try #require(message.audio?.pointee)
      #expect((700...800).contains(sent.samples.len) && sent.format.pointee.sample_rate == 8000)
    }
  }

  @Test("says how much of an interrupted answer was heard, and what became of marks")
  func interruption() throws {
    var encoder = ServerMessageEncoder(encoding: .mulaw)
    try read(encoder.event(.interrupted(playedMilliseconds: 1234), turn: 5)) { message in
      #expect(message.interrupted?.pointee.played == 1234)
    }
    try read(encoder.event(.mark("a", played: false), turn: 5)) { message in
      #expect(message.mark?.pointee.played == 0)
    }
  }

  @Test(
    "tells every end", arguments: [CallEnd.hangup, .ended, .transferred, .idle, .lost, .tooLong, .shutdown, .botFailed])
  func end(end: CallEnd) throws {
    var encoder = ServerMessageEncoder(encoding: .mulaw)
    try read(encoder.event(.ended(end), turn: 5)) { message in
      #expect(message.ended?.pointee.reason != PATCHBAY__BOT__END_REASON__END_REASON_UNSPECIFIED)
    }
  }
}
