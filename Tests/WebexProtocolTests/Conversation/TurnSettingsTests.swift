import BotEngine
import Testing

@testable import WebexProtocol

@Suite("A bot's input settings become the wire's")
struct TurnSettingsTests {
  static let defaults = TurnSettings(
    handling: .init(
      dtmf: .init(interDigitTimeout: 3000, terminator: .pound),
      speechTimers: .init(maximumSpeech: 60_000, complete: 700, noInput: 10_000)))

  @Test("what the bot does not say stays as the agent has it")
  func defaultsStay() {
    let settings = TurnSettings(BotInputSettings(mode: .digits, digitCount: 4), defaults: Self.defaults)
    #expect(settings.mode == .dtmf)
    #expect(settings.handling.dtmf == .init(interDigitTimeout: 3000, terminator: .pound, length: 4))
    #expect(settings.handling.speechTimers == Self.defaults.handling.speechTimers)
    #expect(settings.endSilence == nil)
  }

  @Test("speech timers reach the platform and our own detector")
  func speechTimers() {
    let settings = TurnSettings(BotInputSettings(noInputTimeout: 5000, endSilence: 1200), defaults: Self.defaults)
    #expect(settings.endSilence == 1200)
    #expect(settings.handling.speechTimers == .init(maximumSpeech: 60_000, complete: 1200, noInput: 5000))
  }

  @Test("numbers beyond the wire are held within it", arguments: [Int.max, Int.min, -1, 4_000_000])
  func hugeNumbers(value: Int) {
    let settings = TurnSettings(
      BotInputSettings(digitCount: value, interDigitTimeout: value, noInputTimeout: value), defaults: Self.defaults)
    #expect((0...3_600_000).contains(settings.handling.dtmf?.interDigitTimeout ?? -1))
    #expect((0...128).contains(settings.handling.dtmf?.length ?? -1))
  }
}
