/// Finds where speech begins and ends, from a detector's word on each frame: a value without any audio.
///
/// Speech begins once ``EndpointingSettings/minimumSpeech`` of it has come within a window half as long again (at
/// least 100 and at most 280 ms longer), since words have gaps; a detector that was not certain at first has its start
/// dated back by up to ``longestDatingBack``. It ends when ``EndpointingSettings/endSilence`` has passed since its last
/// frame; speech that resumes before that belongs to the same turn. After a longer pause, a single frame of sound is
/// taken for a noise and does not prolong the turn. Where there is an ``EndpointingSettings/eagerSilence``, speech is said to
/// have paused once that has passed, as much later as the end silence is longer than the plain one, and to have resumed
/// where the turn goes on. An end that is due is held for up to ``longestHold`` while there is a trace of something. Where
/// the end silence adapts (``EndpointingSettings/adaptive``), ``TurnRhythm`` decides its length.
public struct Endpointer: Sendable {
  /// When speech counts as begun and as over; may be changed at any time.
  public var settings: EndpointingSettings
  /// Length of a frame, in milliseconds.
  public let frameMilliseconds: Int
  /// How much later than a frame the detector's word on it comes, in milliseconds.
  public let delayMilliseconds: Int
  /// The stream's time: the end of the last frame, in milliseconds.
  public private(set) var now: Int
  /// Whether the caller's turn has begun and is not over.
  public var isSpeaking: Bool { speechStart != nil }
  /// The silence that ended the last turn that ended by one, and why it was so long.
  public private(set) var lastSilence: EndSilence?

  // The last frames before speech has begun, the newest in the lowest bit: 64 frames are 640 ms at least.
  private var recent: UInt64 = 0
  private var speechStart: Int?
  private var speechEnd = 0
  private var resumption = 0
  private var isPaused = false
  private var rhythm = TurnRhythm()
  private let origin: Int
  // Where the frames began that may be speech, without a gap up to now.
  private var possibleSince: Int?

  /// The end of the frame that the detector spoke of last.
  private var heard: Int { max(origin, now - delayMilliseconds) }

  /// A pause after which a single frame does not count as resumed speech, in milliseconds.
  static let longPause = 200
  /// What has to be heard, without a gap, to resume after a long pause, in milliseconds.
  static let resumedSpeech = 40
  /// How long an end that is due is held while there is a trace of more, in milliseconds.
  static let longestHold = 60
  /// How far the start of speech may be dated back over frames that may have been speech, in milliseconds.
  public static let longestDatingBack = 300

  /// An endpointer whose stream begins at a time, in milliseconds, in frames of 10, 20 or 30. A detector's delay is 0
  /// to 100: decisions come as much later at the start of speech, and not at its end, which is waited for anyway.
  public init(
    settings: EndpointingSettings = EndpointingSettings(), frameMilliseconds: Int = 20, delayMilliseconds: Int = 0,
    now: Int = 0
  ) {
    self.settings = settings
    self.delayMilliseconds = min(max(delayMilliseconds, 0), 100)
    origin = now
    self.frameMilliseconds = min(max(frameMilliseconds, 10), 30)
    self.now = now
  }

  /// The longest time between the start of speech and the decision that it has begun, without the detector's delay, in
  /// milliseconds.
  public static func longestDecision(for settings: EndpointingSettings) -> Int {
    settings.minimumSpeech + min(max(100, settings.minimumSpeech / 2), 280)
  }

  /// Forgets speech that has begun; the time goes on, and the caller's pauses are remembered.
  public mutating func reset() {
    recent = 0
    rhythm.forgetTurn()
    speechStart = nil
    resumption = 0
    isPaused = false
    possibleSince = nil
  }

  /// Lets time pass without listening.
  public mutating func skip(milliseconds: Int) {
    now += milliseconds
    reset()
  }

  /// Takes what a detector makes of the next frame, how loud that is (``VoiceDetector/loudness``), whether speech may
  /// begin with it (where it may not, it begins with the first that may, of what was heard until then), and how likely it
  /// is that a turn that is silent now is over, where that is judged.
  public mutating func advance(
    _ evidence: SpeechEvidence, loudness: Float = 0, mayBegin: Bool = true, isOver: Float? = nil
  ) -> SpeechDecision? {
    now += frameMilliseconds
    if settings.adaptive != nil {
      rhythm.hear(
        loudness: loudness, isSpeech: evidence >= .possible, isTurn: isSpeaking, milliseconds: frameMilliseconds)
    }
    if evidence < .possible {
      possibleSince = nil
    } else if possibleSince == nil {
      possibleSince = max(origin, heard - frameMilliseconds)
    }
    guard let start = speechStart else { return listen(isSpeech: evidence == .certain, mayBegin: mayBegin) }
    // It takes less to go on than to begin.
    if evidence >= .possible {
      resumption += frameMilliseconds
      if heard - frameMilliseconds - speechEnd < Self.longPause || resumption >= Self.resumedSpeech {
        let pause = max(0, heard - resumption - speechEnd)
        rhythm.spoke(milliseconds: heard - speechEnd - pause, after: pause)
        speechEnd = heard
        // The longest utterance is looked at with the next frame.
        if isPaused { return resume() }
      }
    } else {
      resumption = 0
      // Speech that has just resumed has not been judged yet: the next frames tell.
      let hold = evidence == .trace ? Self.longestHold : 0
      let silence = rhythm.silence(settings, judged: isOver)
      if now - speechEnd >= silence.milliseconds + hold {
        lastSilence = silence
        rhythm.end(settings.expected)
        return end(at: speechEnd, reason: .silence)
      }
      // What is probably not over yet is guessed at as much later.
      let later = max(0, silence.milliseconds - settings.endSilence)
      if let eager = settings.eagerSilence, !isPaused, now - speechEnd >= eager + later + hold {
        isPaused = true
        return .paused(at: speechEnd, decidedAt: now)
      }
    }
    if heard - start >= settings.maximumUtterance { return end(at: speechEnd, reason: .maximumUtterance) }
    return nil
  }

  /// Ends the stream. `now` is its end, in milliseconds, with what did not fill a frame.
  public mutating func finish(now: Int? = nil) -> SpeechDecision? {
    if let now { self.now = max(now, self.now) }
    return isSpeaking ? end(at: speechEnd, reason: .endOfStream) : nil
  }

  private mutating func listen(isSpeech: Bool, mayBegin: Bool) -> SpeechDecision? {
    let needed = (settings.minimumSpeech + frameMilliseconds - 1) / frameMilliseconds
    let window = min(64, max(needed, Self.longestDecision(for: settings) / frameMilliseconds))
    recent = recent << 1 | (isSpeech ? 1 : 0)
    if window < 64 { recent &= (1 << UInt64(window)) - 1 }
    guard isSpeech, mayBegin, recent.nonzeroBitCount >= min(needed, window) else { return nil }
    let certain = heard - (64 - recent.leadingZeroBitCount) * frameMilliseconds
    let start = max(origin, min(certain, max(possibleSince ?? certain, certain - Self.longestDatingBack)))
    speechStart = start
    speechEnd = heard
    rhythm.spoke(milliseconds: heard - start, after: 0)
    resumption = 0
    recent = 0
    return .started(at: start, decidedAt: now)
  }

  private mutating func resume() -> SpeechDecision {
    isPaused = false
    return .resumed(at: max(origin, heard - resumption), decidedAt: now)
  }

  private mutating func end(at: Int, reason: SpeechEnd) -> SpeechDecision {
    reset()
    return .ended(at: at, decidedAt: now, reason: reason)
  }
}
