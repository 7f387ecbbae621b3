import BotEngine
import Locking

/// A bot that notes what it hears and says what the test says.
final class PuppetBot: BotEngine {
  let audioDelivery: CallerAudioDelivery
  private let calls = Locked<[BotCall]>([])
  private let heardEvents = Locked<[EagerEvent]>([])
  /// Whether it takes what happens; a bot that hangs does not.
  private let listens: Bool
  let canResume = Locked(false)
  var resumes: Bool { canResume.withLock { $0 } }

  init(listens: Bool = true, hears delivery: CallerAudioDelivery = .turns) {
    self.listens = listens
    audioDelivery = delivery
  }

  /// The latest call.
  var call: BotCall? { calls.withLock { $0.last } }
  var callCount: Int { calls.withLock { $0.count } }
  /// What it has heard but for audio, in words.
  var heard: [String] {
    heardEvents.withLock { events in events.compactMap { if case .caller(.audio) = $0 { nil } else { "\($0)" } } }
  }

  /// Of the caller's audio.
  var samplesHeard: Int {
    heardEvents.withLock { events in
      events.reduce(0) { sum, event in
        if case .caller(.audio(let audio)) = event { sum + audio.samples.count } else { sum }
      }
    }
  }

  func converse(_ call: BotCall) async throws {
    calls.withLock { $0.append(call) }
    guard listens else { return await call.room.wait() }
    for await event in call.eagerEvents { heardEvents.withLock { $0.append(event) } }
  }
}

/// A receiver that notes what it is given.
final class PuppetReceiver: MediaReceiver {
  private let all = Locked<[MediaEvent]>([])
  private let sessions = Locked<[MediaSession]>([])

  var events: [MediaEvent] { all.withLock { $0 } }
  var session: MediaSession? { sessions.withLock { $0.last } }
  /// All but audio, in words.
  var heard: [String] { events.compactMap { if case .audio = $0 { nil } else { "\($0)" } } }
  var audio: [MediaAudio] { events.compactMap { if case .audio(let audio) = $0 { audio } else { nil } } }

  func receive(_ session: MediaSession) async throws {
    sessions.withLock { $0.append(session) }
    for await event in session.events { all.withLock { $0.append(event) } }
  }
}
