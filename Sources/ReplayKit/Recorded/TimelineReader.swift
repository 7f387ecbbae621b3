import Basics
import WebexProtocol

/// Makes a recorded call of a timeline: what the caller did, when in relation to the prompts, and what came of it.
struct TimelineReader {
  /// Prompts that were heard one after the other, in milliseconds.
  private struct Prompts {
    var begin: Int
    var end: Int
  }

  private struct Speech {
    /// When the server noticed it.
    var noticed: Int
    /// When the RPC began, or the turn before was over: nothing before belongs to it.
    var earliest: Int
  }

  private(set) var call: RecordedCall
  private let loudness: LoudnessCurve
  private let options: RecordedCallOptions
  private var prompts: [Prompts] = []
  private var audioBegan = 0
  private var speech: Speech?
  /// When the first key was pressed, in relation to the prompts as they were then.
  private var keysBegin: StepTime.Begin??
  private var endOfInput: Int?
  private var sensitive: [Range<Int>] = []
  private var sensitiveSince: Int?
  /// How many pieces there were of each length.
  private var pieces: [Int: Int] = [:]
  /// When the caller had done the last thing, and what of its answer is known.
  private var done: Int?
  private var firstAudio: Int?
  private var length = 0
  private var ending = TurnExpectation.Ending.none
  private var isOver = false
  private var latest = 0

  init(name: String, loudness: LoudnessCurve, options: RecordedCallOptions) {
    call = RecordedCall(name: name)
    self.loudness = loudness
    self.options = options
  }

  /// What happened next.
  mutating func read(_ entry: TimelineEntry) {
    guard !isOver else { return }
    // Time does not go back, whatever a file says.
    latest = max(latest, Self.clamped(entry.milliseconds))
    let now = latest
    let entry = TimelineEntry(entry.name, at: now, numbers: entry.numbers.mapValues(Self.clamped), words: entry.words)
    switch entry.name {
    case "received": received(entry.words["what"] ?? "", at: now)
    case "audio_began": audioBegan = max(0, now - (entry.numbers["piece_ms"] ?? 0))
    case "half_closed": halfClosed(entry, at: now)
    case "speech_started":
      if speech == nil { speech = Speech(noticed: now, earliest: max(audioBegan, done ?? 0)) }
    case "sent": sent(entry.words["what"] ?? "", at: now)
    case "prompt": play(entry.numbers["length_ms"] ?? 0, at: now)
    case "text_prompt": play(60 * min(1000, entry.numbers["characters"] ?? 0), at: now)
    case "interrupted": if let last = prompts.last { prompts[prompts.count - 1].end = min(last.end, now) }
    case "digits": digits(entry, at: now)
    case "no_input":
      speech = nil
      if let last = prompts.last, now > last.end {
        call.noInput = max(call.noInput ?? .zero, .milliseconds(max(100, now - last.end)))
      }
      add(.stayQuiet, begin: nil, done: now)
    case "custom":
      add(.custom(name: Self.eventName(entry.words["name"] ?? "")), begin: begin(now), done: now)
    case "sensitive_began": sensitiveSince = sensitiveSince ?? now
    case "sensitive_ended":
      if let since = sensitiveSince, now > since { sensitive.append(since..<now) }
      sensitiveSince = nil
    case "ended":
      if entry.words["reason"] == "lost" { leave(.vanish, at: now) }
    default: break
    }
  }

  /// Numbers are those of a file: sums and differences of an hour's milliseconds fit.
  private static func clamped(_ number: Int) -> Int { min(max(0, number), RecordedCall.longest.wholeMilliseconds) }

  /// The call, when all has been read.
  mutating func finish() -> RecordedCall {
    settle()
    if let usual = pieces.max(by: { ($0.value, $1.key) < ($1.value, $0.key) })?.key {
      let lengths = SpokenClip.frameLengths
      call.frameLength = min(max(lengths.lowerBound, .milliseconds(usual)), lengths.upperBound)
    }
    return call
  }

  private mutating func received(_ what: String, at now: Int) {
    switch what {
    case "SESSION_START": if call.turns.isEmpty, done == nil { done = now }
    case "START_OF_DTMF":
      speech = nil
      keysBegin = .some(begin(now))
    case "SESSION_END": leave(.hangUp, at: now)
    default: break
    }
  }

  private mutating func leave(_ act: RecordedTurn.Act, at now: Int) {
    if speech != nil { spoke(until: now) }
    add(act, begin: begin(now), done: now)
    isOver = true
  }

  private mutating func halfClosed(_ entry: TimelineEntry, at now: Int) {
    if let usual = entry.numbers["piece_ms"], let count = entry.numbers["pieces"], usual > 0, count > 0 {
      pieces[usual, default: 0] += count
    }
    guard entry.numbers["pieces"] != nil else { return }
    if let endOfInput, !call.turns.isEmpty, case .say = call.turns[call.turns.count - 1].act {
      call.turns[call.turns.count - 1].time.halfClose = .milliseconds(now - endOfInput)
      self.endOfInput = nil
    } else if speech != nil {
      // The platform ended the turn itself.
      spoke(until: now)
    }
  }

  private mutating func sent(_ what: String, at now: Int) {
    switch what {
    case "endOfInput":
      guard speech != nil else { return }
      spoke(until: now)
      endOfInput = now
    case "transferToAgent": ending = .transfer
    case "sessionEnd": ending = .end
    default: break
    }
  }

  private mutating func play(_ length: Int, at now: Int) {
    guard length > 0 else { return }
    if firstAudio == nil { firstAudio = now }
    self.length = Self.clamped(self.length + length)
    if let last = prompts.last, now < last.end {
      prompts[prompts.count - 1].end += length
    } else {
      prompts.append(Prompts(begin: now, end: now + length))
    }
  }

  private mutating func digits(_ entry: TimelineEntry, at now: Int) {
    let begin = keysBegin ?? self.begin(now)
    keysBegin = .none
    let count = min(entry.numbers["count"] ?? 0, RecordedCall.maximumKeys)
    guard count > 0 else { return add(.stayQuiet, begin: nil, done: now) }
    let kept = options.keepsKeys ? (entry.words["keys"] ?? "").compactMap { DTMFKey($0) } : []
    let keys = kept.count == count ? kept.map(Optional.some) : Array(repeating: nil, count: count)
    add(.press(keys), begin: begin, done: now)
  }

  /// The caller's words are over, at the latest now.
  private mutating func spoke(until now: Int) {
    guard let speech else { return }
    self.speech = nil
    let begin = max(
      speech.earliest, loudness.beginning(of: speech.noticed, notBefore: speech.earliest, pause: 200) - 20)
    let loud = loudness.loud(in: begin..<max(begin + 1, now))
    let isMasked = (sensitive + (sensitiveSince.map { [$0..<Int.max] } ?? [])).contains { $0.overlaps(begin..<now) }
    guard let loud, !isMasked else {
      let length = min(60_000, max(500, now - speech.noticed))
      return add(.say(.masked(.milliseconds(length))), begin: self.begin(begin), done: now)
    }
    let end = max(begin + 20, min(now, loud.upperBound + 100))
    add(
      .say(.stretch(.milliseconds(begin) ..< .milliseconds(end))), begin: self.begin(begin),
      done: min(now, loud.upperBound))
  }

  private mutating func add(_ act: RecordedTurn.Act, begin: StepTime.Begin?, done: Int) {
    settle()
    endOfInput = nil
    guard call.turns.count < RecordedCall.maximumTurns else { return }
    call.turns.append(RecordedTurn(act, time: StepTime(begin: begin)))
    self.done = done
  }

  /// What came is the answer to what the caller did last.
  private mutating func settle() {
    defer { (firstAudio, length, ending) = (nil, 0, .none) }
    guard let done else { return }
    var answer = RecordedAnswer()
    if firstAudio != nil || ending != .none {
      let answered = firstAudio.map { Duration.milliseconds(max(0, $0 - done)) }
      answer.past = .init(answered: answered, length: .milliseconds(length))
    }
    if options.expectsAnswers, let past = answer.past {
      var expected = TurnExpectation(like: past)
      if ending != .none { expected.ending = ending }
      answer.expected = expected
    }
    if call.turns.isEmpty {
      call.greeting = answer
    } else {
      call.turns[call.turns.count - 1].answer = answer
    }
  }

  /// A name as it can be written: of at most 200 bytes, without control characters.
  private static func eventName(_ name: String) -> String {
    var text = ""
    for scalar in name.unicodeScalars where scalar.value >= 32 {
      guard text.utf8.count + UTF8.width(scalar) <= 200 else { break }
      text.unicodeScalars.append(scalar)
    }
    return text.allSatisfy(\.isWhitespace) ? "unknown" : text
  }

  /// A time in relation to the prompts; `nil` where none were heard.
  private func begin(_ time: Int) -> StepTime.Begin? {
    guard let last = prompts.last(where: { $0.begin <= time }) else { return nil }
    return time < last.end
      ? .overPrompt(.milliseconds(time - last.begin)) : .afterPrompt(.milliseconds(time - last.end))
  }
}

extension RecordedCall {
  /// A call that a timeline tells of.
  ///
  /// - Parameters:
  ///   - entries: the timeline, in the order of time.
  ///   - loudness: of the caller's side.
  public init(
    name: String, timeline entries: [TimelineEntry], loudness: LoudnessCurve, options: RecordedCallOptions = .init()
  ) {
    var reader = TimelineReader(name: name, loudness: loudness, options: options)
    for entry in entries.prefix(Self.maximumEntries) { reader.read(entry) }
    self = reader.finish()
  }

  /// The most entries of a timeline that are read.
  public static let maximumEntries = 100_000

  /// A call of audio alone: each stretch of the caller's speech is a turn, and the agent's stretches are the prompts.
  ///
  /// - Parameters:
  ///   - agent: of the agent's side, on the same clock; `nil` where it was not recorded.
  ///   - pause: silence in milliseconds that ends a turn where the agent says nothing in it.
  public init(
    name: String, caller: LoudnessCurve, agent: LoudnessCurve?, pause: Int, options: RecordedCallOptions = .init()
  ) {
    let prompts = agent?.stretches(pause: 500) ?? []
    var entries = prompts.map { TimelineEntry("prompt", at: $0.lowerBound, numbers: ["length_ms": $0.count]) }
    var turns: [Range<Int>] = []
    for stretch in caller.stretches(pause: 200) {
      let isAnswered = { (last: Range<Int>) in
        prompts.contains { (last.upperBound..<stretch.lowerBound).contains($0.lowerBound) }
      }
      if let last = turns.last, stretch.lowerBound - last.upperBound < pause, !isAnswered(last) {
        turns[turns.count - 1] = last.lowerBound..<stretch.upperBound
      } else {
        turns.append(stretch)
      }
    }
    for turn in turns {
      entries.append(TimelineEntry("speech_started", at: turn.lowerBound))
      entries.append(TimelineEntry("sent", at: turn.upperBound, words: ["what": "endOfInput"]))
    }
    entries.sort { $0.milliseconds < $1.milliseconds }
    self.init(
      name: name,
      timeline: [TimelineEntry("received", at: 0, words: ["what": "SESSION_START"])] + entries, loudness: caller,
      options: options)
  }
}
