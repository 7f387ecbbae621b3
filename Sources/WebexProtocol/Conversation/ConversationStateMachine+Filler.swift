import BotEngine

/// A sound that the caller hears while the bot thinks: a word, or something soft that goes on.
public struct Filler: Sendable, Equatable {
  /// Mu-law at 8,000 Hz.
  public var audio: [UInt8]
  /// Whether it begins anew at its end.
  public var repeats: Bool
  /// How long the bot may be silent until it is heard; `nil` is only where the bot asks for it.
  public var delay: Duration?

  /// A filler.
  public init(audio: [UInt8], repeats: Bool = false, delay: Duration? = nil) {
    self.audio = audio
    self.repeats = repeats
    self.delay = delay
  }
}

/// Why a filler is heard.
public enum FillerReason: String, Sendable, CaseIterable {
  /// The bot had been silent for so long.
  case silence
  /// The bot asked for it.
  case asked
}

/// The filler of an answer that is waited for.
struct Filling: Equatable {
  let reason: FillerReason
  /// When it begins.
  let begin: Duration
  /// Bytes of it that were sent, since its beginning or since it began anew.
  var position = 0
  var hasBegun = false
}

extension ConversationStateMachine {
  /// So little is on its way that a filler ends when the answer comes.
  private static let fillerPacer = Pacer(bound: .milliseconds(300))

  /// The turn is the bot's: it has its time until the filler is heard. Nobody waits for a greeting who has asked nothing.
  mutating func prepareFiller(for event: CallerEvent, now: Duration) {
    filling = nil
    guard event != .started, settings.mode == .chunk, answer.isEmpty, let delay = settings.filler?.delay else { return }
    filling = Filling(reason: .silence, begin: now + delay)
  }

  /// The bot needs time: what it has said so far goes out, and then the filler.
  mutating func askForFiller(turn outputTurn: Int, now: Duration) {
    guard settings.mode == .chunk, settings.filler != nil, outputTurn >= turn, answerer != nil, answer.ending == nil
    else { return }
    answer.isPaused = true
    if filling?.hasBegun != true { filling = Filling(reason: .asked, begin: now) }
    flush(now: now)
  }

  /// When more of the filler is to be sent.
  var nextFiller: Duration? {
    guard let filling, isFillable else { return nil }
    return max(filling.begin, Self.fillerPacer.time(playout))
  }

  /// Whether the caller waits for the bot and nothing of its answer is there.
  private var isFillable: Bool {
    answerer != nil && heldSince == nil && answer.pieces.isEmpty && answer.ending == nil
  }

  /// Sends what may be sent of the filler.
  mutating func fill(on rpc: RPCID, now: Duration) {
    guard var filling, let filler = settings.filler, isFillable, filling.begin <= now else { return }
    let room = Self.fillerPacer.room(playout, now: now)
    guard room > 0 else { return }
    var bytes = filler.audio.dropFirst(filling.position).prefix(room)
    filling.position += bytes.count
    if filler.repeats, !filler.audio.isEmpty {
      while bytes.count < room {
        let more = filler.audio.prefix(room - bytes.count)
        bytes += more
        filling.position = more.count
      }
    }
    guard !bytes.isEmpty else {
      self.filling = nil
      return
    }
    let audio = Answer.lengthened(Array(bytes), to: settings.chunks.minimum)
    playout.enqueue(bytes: audio.count, bargeIn: true, isFiller: true, now: now)
    let prompt = VoiceResponse.Prompt(audio: audio, isBargeInEnabled: true)
    actions.append(
      .fill(
        rpc, VoiceResponse(.chunk, prompts: [prompt], isInputSensitive: isSensitive),
        begins: filling.hasBegun ? nil : filling.reason))
    filling.hasBegun = true
    self.filling = filling
  }
}
