import BotEngine
import Testing
import WebexProtocol

@testable import BotEngines
import Wire

@Suite("What a bot sends on Protos/bot.proto is read")
struct BotStreamMessageTests {
  private func decode(_ bytes: [UInt8]) throws(BotFailure) -> BotStreamMessage {
    let decoder = BotStreamDecoder()
    let result: Result<BotStreamMessage, BotFailure> = bytes.withUnsafeBytes { bytes in
      do throws(BotFailure) { return .success(try decoder.decode(bytes)) } catch { return .failure(error) }
    }
    return try result.get()
  }

  /// A message with one field, by number, of a body.
  private func message(_ field: UInt8, _ body: [UInt8] = [], turn: UInt8 = 0) -> [UInt8] {
    (turn == 0 ? [] : [0x08, turn]) + [field << 3 | 2, UInt8(body.count)] + body
  }

  private func command(_ bytes: [UInt8]) throws -> (command: BotCommand, turn: Int?) {
    guard case .command(let command, let turn) = try decode(bytes) else { throw BotFailure(.closed, "no command") }
    return (command, turn)
  }

  @Test("mu-law as it is, and linear audio as samples, each with its turn")
  func audio() throws {
    let mulaw = try command(message(3, [0x0A, 2, 0x55, 0xD5, 0x12, 5, 0x08, 2, 0x10, 0xC0, 0x3E], turn: 7))
    guard case .audio(let audio) = mulaw.command, case .mulaw(let bytes) = audio.content else {
      Issue.record("\(mulaw)")
      return
    }
    #expect(bytes == [0x55, 0xD5] && audio.bargeIn && mulaw.turn == 7)
    let linear = try command(message(3, [0x0A, 4, 1, 0, 0xFF, 0xFF, 0x12, 5, 0x08, 1, 0x10, 0x80, 0x7D, 0x20, 1]))
    guard case .audio(let audio) = linear.command, case .linear(let samples, 16_000) = audio.content else {
      Issue.record("\(linear)")
      return
    }
    #expect(samples == [1, -1] && !audio.bargeIn && linear.turn == nil)
  }

  @Test("settings, a transfer, a mark, and the end of the caller's input")
  func others() throws {
    let settings: [UInt8] = [0x08, 3, 0x10, 4, 0x1A, 1, 0x2A, 0x20, 0xC4, 0x13, 0x40, 2]
    guard case .endTurn(let wish?) = try command(message(6, [0x0A, UInt8(settings.count)] + settings)).command else {
      Issue.record("no settings")
      return
    }
    #expect(
      wish
        == BotInputSettings(
          mode: .digits, digitCount: 4, terminator: "*", interDigitTimeout: 2500, expects: .digits))
    guard case .endTurn(let later?) = try command(message(6, [0x0A, 2, 0x40, 99])).command else {
      Issue.record("no settings")
      return
    }
    #expect(later == BotInputSettings(), "an expectation that only a later version knows")
    guard case .endTurn(nil) = try command(message(6)).command else {
      Issue.record("settings that were not given")
      return
    }
    guard case .transfer("why", let metadata) = try command(message(7, [0x0A, 3, 0x77, 0x68, 0x79])).command else {
      Issue.record("no transfer")
      return
    }
    #expect(metadata.isEmpty)
    guard case .mark("a") = try command(message(13, [0x0A, 1, 0x61])).command else {
      Issue.record("no mark")
      return
    }
    guard case .endInput = try command(message(14)).command else {
      Issue.record("no end of input")
      return
    }
    guard case .filler = try command(message(15)).command else {
      Issue.record("no filler")
      return
    }
  }

  @Test("a command of a later version is no error, and neither is none")
  func unknown() throws {
    for bytes: [UInt8] in [[], [0x08, 1], [0x9A, 0x01, 3, 1, 2, 3]] {
      guard case .unknown = try decode(bytes) else {
        Issue.record("\(bytes)")
        return
      }
    }
    guard case .welcome(version: 1) = try decode(message(2)) else {
      Issue.record("a welcome without a version is of the first")
      return
    }
  }

  @Test(
    "what is wrong is said, and nothing of what was sent is quoted",
    arguments: [
      ([0xFF, 0xFF, 0xFF], "truncated"), ([0x0A], ""),
      ([0x1A, 4, 0x0A, 2, 0x55, 0x55], "audio.format"),
      ([0x1A, 9, 0x0A, 1, 0x55, 0x12, 4, 0x08, 1, 0x10, 0], "audio.format"),
      ([0x1A, 10, 0x0A, 1, 0x55, 0x12, 5, 0x08, 1, 0x10, 0xC0, 0x3E], "half a sample"),
      ([0x32, 6, 0x0A, 4, 0x1A, 2, 0x31, 0x32], "terminator"),
      ([0x22, 3, 0x0A, 1, 0xFF], "UTF-8"),
    ] as [([UInt8], String)])
  func wrong(bytes: [UInt8], phrase: String) {
    #expect {
      _ = try decode(bytes)
    } throws: { error in
      guard let failure = error as? BotFailure else { return false }
      return failure.kind == .garbage && (phrase.isEmpty || failure.message.contains(phrase) || phrase == "truncated")
    }
  }

  @Test("R3: random bytes, and good messages with random changes, give a command or an error and never a trap")
  func hostile() {
    var random = SystemRandomNumberGenerator()
    let good = [
      message(3, [0x0A, 4, 1, 0, 0xFF, 0xFF, 0x12, 5, 0x08, 1, 0x10, 0x80, 0x7D], turn: 3),
      message(6, [0x0A, 10, 0x08, 3, 0x10, 4, 0x1A, 1, 0x2A, 0x20, 0xC4, 0x13, 0x40, 2]),
      message(7, [0x12, 13, 0x0A, 11, 0x0A, 1, 0x61, 0x12, 6, 0x2A, 4, 0x0A, 2, 0x0A, 0]),
    ]
    for round in 0..<20_000 {
      var bytes = good[round % good.count]
      if round % 7 == 0 { bytes = (0..<Int.random(in: 0..<40)).map { _ in UInt8.random(in: 0...255, using: &random) } }
      for _ in 0..<Int.random(in: 1...4) where !bytes.isEmpty {
        bytes[Int.random(in: 0..<bytes.count)] = UInt8.random(in: 0...255, using: &random)
      }
      _ = try? decode(bytes)
    }
  }
}
