public import AudioCodecs

/// A stream's speech: detector, endpointer and pre-roll behind one call, on the clock of the samples.
///
/// Samples come in pieces of any size and are cut into the detector's frames, so decisions do not depend on how a
/// client cuts its audio. Nothing is allocated for a piece. Make one for each stream of audio. Not for use from two
/// threads at once.
public final class SpeechPipeline<Detector: VoiceDetector> {
  /// What comes out, in order.
  public enum Output {
    /// Speech has begun, may be over, has gone on or is over.
    case decision(SpeechDecision)
    /// Samples of the caller's turn, where they begin in the stream in milliseconds: after a start, from the pre-roll
    /// on; up to the decision that the speech is over. Valid within the call.
    case utterance(UnsafeBufferPointer<Int16>, at: Int)
  }

  /// When speech counts as begun and as over. May be changed between pieces, in the middle of a turn too; a new
  /// pre-roll holds from the next ``reset()`` or end of speech on.
  public var settings: EndpointingSettings {
    get { endpointer.settings }
    set {
      endpointer.settings = newValue
      if !isSpeaking { resizePreroll() }
    }
  }

  /// Whether it listens for speech. While it does not (a key entry is under way), time passes, the detector goes on
  /// learning what the line sounds like, and speech that has begun and samples that were kept are forgotten.
  @exclusivity(unchecked) public var isListening = true {
    didSet {
      guard !isListening else { return }
      endpointer.reset()
      onset.reset()
      preroll.reset()
    }
  }

  /// Whether it watches for somebody who may have begun to speak; what was not enough for a turn is forgotten once it is
  /// over.
  @exclusivity(unchecked) public var watchesOnset = false { didSet { onset.reset() } }

  /// Whether somebody may be speaking, where it is watched for.
  public var isOnsetHeard: Bool { onset.isHeard }

  /// Whether a frame has been taken and not judged; see ``process(_:companded:now:mayWait:_:)``.
  public var isWaiting: Bool { hasTaken }

  /// Whether the caller's turn has begun and is not over.
  public var isSpeaking: Bool { endpointer.isSpeaking }
  /// The silence that ended the last turn that ended by one, and why it was so long.
  public var lastSilence: EndSilence? { endpointer.lastSilence }
  /// The stream's time in milliseconds: of all samples taken.
  public var position: Int { origin + Int(samples * 1000 / Int64(sampleRate)) }
  /// Whether a prompt plays to the caller, whose echo may come back; not at first.
  public var isPromptPlaying: Bool {
    get { detector.isPromptPlaying }
    set { detector.isPromptPlaying = newValue }
  }
  /// Samples a second.
  public let sampleRate: Int

  private let frameLength: Int
  private let origin: Int
  // Neither a detector nor these values call out, so that no two accesses of one overlap: a frame need not pay for the
  // check. Another module would pay for it all the same with what it reads itself, so it asks for a value. The samples
  // that are given out from the last two are checked.
  @exclusivity(unchecked) var detector: Detector
  @exclusivity(unchecked) private var endpointer: Endpointer
  @exclusivity(unchecked) private var onset: OnsetWatch
  @exclusivity(unchecked) private var samples: Int64 = 0
  @exclusivity(unchecked) private var partialCount = 0
  @exclusivity(unchecked) private var hasTaken = false
  private var preroll: PreRoll
  private var partial: [Int16]

  /// A pipeline over a detector. `position` is the stream's time at its first sample, in milliseconds.
  public init(detector: Detector, settings: EndpointingSettings = EndpointingSettings(), position: Int = 0) {
    precondition(detector.frameLength > 0 && detector.sampleRate >= 1000)
    self.detector = detector
    sampleRate = detector.sampleRate
    frameLength = detector.frameLength
    origin = position
    endpointer = Endpointer(
      settings: settings, frameMilliseconds: detector.frameMilliseconds,
      delayMilliseconds: detector.delayMilliseconds, now: position)
    onset = OnsetWatch(frameMilliseconds: detector.frameMilliseconds)
    preroll = PreRoll(capacity: Self.prerollCapacity(settings, detector))
    partial = [Int16](repeating: 0, count: detector.frameLength)
  }

  /// Takes a piece of the stream, which arrived at `now` where that is known, and gives out what is decided within it.
  ///
  /// - Parameter companded: the codes that the piece was decoded from, all of them, where that is known.
  /// - Parameter mayWait: the last frame may be left to be judged together with other streams' (``VoiceBatch``), where
  ///   the detector can do that. ``isWaiting`` says so; ``settle(_:)`` gives out what is decided then. It is called
  ///   before the next piece, if not sooner.
  public func process(
    _ input: UnsafeBufferPointer<Int16>, companded: CompandedSamples? = nil, now: Duration? = nil,
    mayWait: Bool = false, _ output: (Output) -> Void
  ) {
    settle(output)
    if let now { detector.arrive(partialCount + input.count, by: now) }
    var rest = input[...]
    if partialCount > 0 {
      let length = min(partial.count - partialCount, rest.count)
      for index in 0..<length { partial[partialCount + index] = rest[rest.startIndex + index] }
      partialCount += length
      rest = rest.dropFirst(length)
      samples += Int64(length)
      guard partialCount == partial.count else { return }
      partialCount = 0
      partial.withUnsafeBufferPointer { detect($0, nil, mayWait: mayWait && rest.count < frameLength, output) }
    }
    while rest.count >= frameLength {
      samples += Int64(frameLength)
      let codes = companded?.stretch(from: rest.startIndex, count: frameLength)
      let frame = UnsafeBufferPointer(rebasing: rest.prefix(frameLength))
      rest = rest.dropFirst(frameLength)
      detect(frame, codes, mayWait: mayWait && rest.count < frameLength, output)
    }
    for sample in rest {
      partial[partialCount] = sample
      partialCount += 1
    }
    samples += Int64(rest.count)
  }

  /// Judges the frame that waits, where one does, and gives out what is decided.
  public func settle(_ output: (Output) -> Void) {
    guard hasTaken else { return }
    hasTaken = false
    decide(detector.judgeTaken(), output)
  }

  /// Ends the stream: speech that has begun is over.
  public func finish(_ output: (Output) -> Void) {
    settle(output)
    guard isListening else { return }
    if isSpeaking, partialCount > 0 {
      partial.withUnsafeBufferPointer { partial in
        output(.utterance(UnsafeBufferPointer(rebasing: partial.prefix(partialCount)), at: endpointer.now))
      }
    }
    partialCount = 0
    if let decision = endpointer.finish(now: position) { output(.decision(decision)) }
  }

  /// Forgets speech that has begun and samples that were kept, as for a new turn; the time goes on. What was learnt of
  /// the line is kept, unless `line` says that it is another.
  public func reset(line: Bool = false) {
    endpointer.reset()
    onset.reset()
    resizePreroll()
    preroll.reset()
    if line { detector.reset() }
  }

  /// Gives the pre-roll's room back until there are samples again: nothing comes for a while. Of no effect while somebody
  /// speaks.
  public func rest() { if !isSpeaking { preroll.release() } }

  private func detect(
    _ frame: UnsafeBufferPointer<Int16>, _ companded: CompandedSamples?, mayWait: Bool, _ output: (Output) -> Void
  ) {
    if isListening {
      if isSpeaking {
        output(.utterance(frame, at: endpointer.now))
      } else {
        preroll.append(frame, companded: companded)
      }
    }
    if !mayWait {
      decide(detector.hear(frame), output)
    } else if let evidence = detector.take(frame) {
      decide(evidence, output)
    } else {
      hasTaken = true
    }
  }

  private func decide(_ evidence: SpeechEvidence, _ output: (Output) -> Void) {
    guard isListening else { return endpointer.skip(milliseconds: endpointer.frameMilliseconds) }
    let mayBegin = detector.mayBegin
    if watchesOnset, onset.advance(evidence, mayBegin: mayBegin), !endpointer.isSpeaking { endpointer.reset() }
    // Who has paused a prompt need not be heard as clearly as who begins a turn out of nothing.
    let counted = watchesOnset && onset.isHeard && evidence == .likely ? .certain : evidence
    let isOver = endpointer.isSpeaking && counted < .possible ? detector.judgeEnd() : nil
    let decision = endpointer.advance(counted, loudness: detector.loudness, mayBegin: mayBegin, isOver: isOver)
    guard let decision else { return }
    output(.decision(decision))
    switch decision {
    case .started(let at, let decidedAt):
      let perMillisecond = sampleRate / 1000
      var length = min(preroll.count, (decidedAt - at + endpointer.settings.preroll) * perMillisecond)
      preroll.withLast(length) { piece in
        output(.utterance(piece, at: decidedAt - length / perMillisecond))
        length -= piece.count
      }
      preroll.reset()
    case .paused, .resumed: break
    case .ended: resizePreroll()
    }
  }

  private func resizePreroll() { preroll.resize(to: Self.prerollCapacity(settings, detector)) }

  /// Enough for the pre-roll and for the speech it takes to decide that it has begun.
  private static func prerollCapacity(_ settings: EndpointingSettings, _ detector: Detector) -> Int {
    let longest = Endpointer.longestDecision(for: settings) + Endpointer.longestDatingBack + detector.delayMilliseconds
    return (settings.preroll + longest) * detector.sampleRate / 1000 + detector.frameLength
  }
}
