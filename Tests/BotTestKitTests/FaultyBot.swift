import BotEngine

/// A bot that answers each event with what a test gives it.
struct FaultyBot: BotEngine {
  var audioDelivery: CallerAudioDelivery { .none }
  let answer: @Sendable (CallerEvent, BotCall) async throws -> Void

  func converse(_ call: BotCall) async throws {
    for await event in call.events { try await answer(event, call) }
  }

  /// Audible sound.
  static func sound(_ milliseconds: Int) -> BotAudio {
    BotAudio(.linear((0..<8 * milliseconds).map { Int16($0 % 40 * 200 - 4000) }, sampleRate: 8000))
  }

  /// A bot without a fault, but for what `fault` does instead; `fault` says whether it has answered.
  static func good(
    _ fault: @escaping @Sendable (CallerEvent, BotCall) async throws -> Bool = { _, _ in false }
  ) -> FaultyBot {
    FaultyBot { event, call in
      if try await fault(event, call) { return }
      guard event.expectsAnswer else { return }
      call.play(sound(event.isStart ? 4000 : 400))
      call.endTurn()
    }
  }
}

extension CallerEvent {
  var isStart: Bool { if case .started = self { true } else { false } }
  var isSilence: Bool { if case .noInput = self { true } else { false } }
  var keys: String? { if case .digits(let keys) = self { keys } else { nil } }
}

/// What went wrong in a bot.
struct Broken: Error {}
