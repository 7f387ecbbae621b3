/// Decides how long a caller has to be silent for a turn to be over: from what is expected, from what was said of the
/// turn so far, and from the caller's own pauses in this call. A value without any audio.
///
/// The plain end silence is taken times one factor for what is expected and one for the caller, and brought within the
/// bounds (``AdaptiveSilence``). The factors were chosen with voices and calls of their own (Docs/turns.md).
public struct TurnRhythm: Sendable {
  /// Factors of the plain end silence.
  enum Factor {
    /// A short word, or all digits.
    static let complete: Float = 0.35
    /// Digits, not all of them spoken yet.
    static let digitsMissing: Float = 1.9
    /// Digits, which may be all.
    static let digitsPossible: Float = 0.8
    /// Digits of an unknown number.
    static let digits: Float = 1.3
    /// An address, of which much has been said, and how much more of the factor it is where nothing has been.
    static let address: Float = 0.75, addressBegun: Float = 2
    /// Whatever the caller wants to say, likewise.
    static let free: Float = 0.72, freeBegun: Float = 0.4
    /// By how much the caller's pauses shorten and lengthen.
    static let caller: ClosedRange<Float> = 0.9...1.3
    /// By how much a judge who is sure shortens and lengthens: half as much again, and half.
    static let judge: Float = 0.5
    /// How unsure a judge is who says nothing.
    static let unsure: ClosedRange<Float> = 0.45...0.55
  }

  /// Speech that is longer is more than a short word, in milliseconds.
  static let longestWord = 1000
  /// Speech after which an address, and anything else, is no longer only begun, in milliseconds.
  static let addressLength: Float = 3000, freeLength: Float = 1000
  /// Syllables for each digit from which on the digits may be all, and are: of a caller who has said none before.
  static let possible: Float = 0.95, complete: Float = 1.25
  /// The same as shares of the syllables that this caller has said for each digit before.
  static let ownPossible: Float = 0.82, ownComplete: Float = 0.91
  /// Silence within a turn that counts as a pause, in milliseconds.
  static let shortestPause = 150
  /// The pause that people make who are not known yet, in milliseconds, and as how many of their own it counts.
  static let usualPause: Float = 365, usualWeight: Float = 3

  /// The caller's pauses within turns so far in this call: how many, and their length together in milliseconds.
  public private(set) var pauses = (count: 0, milliseconds: 0)
  /// Speech of this turn without its pauses, in milliseconds.
  public private(set) var spoken = 0
  /// Syllables of this turn.
  public var syllables: Int { counter.count }

  private var counter = SyllableCounter()
  private var quiet = 0
  // Numbers that were spoken as a whole, and their syllables for each digit, all together.
  private var numbers: (count: Float, ratios: Float) = (0, 0)

  /// One that has heard nobody yet.
  public init() {}

  /// Takes the next frame: how loud its loudest band is, a natural logarithm of power, and whether somebody may speak.
  public mutating func hear(loudness: Float, isSpeech: Bool, isTurn: Bool, milliseconds: Int) {
    counter.hear(loudness, isSpeech: isSpeech)
    quiet = isSpeech ? 0 : quiet + milliseconds
    // Sounds between turns that led to nothing.
    if !isTurn, quiet >= Endpointer.longestDatingBack { counter = SyllableCounter() }
  }

  /// So much more of the turn is speech, after a pause or none (0).
  public mutating func spoke(milliseconds: Int, after pause: Int) {
    spoken += milliseconds
    guard pause >= Self.shortestPause else { return }
    pauses.count += 1
    pauses.milliseconds += pause
  }

  /// A silence has ended the turn. How the caller speaks digits is remembered.
  public mutating func end(_ expected: ExpectedSpeech) {
    guard case .digits(let count?) = expected else { return }
    let ratio = syllables(for: count)
    guard ratio >= Self.possible else { return }
    numbers = (numbers.count + 1, numbers.ratios + ratio)
  }

  /// The turn is forgotten; the caller is the same.
  public mutating func forgetTurn() {
    spoken = 0
    counter = SyllableCounter()
  }

  /// The silence that ends the turn as it stands; `judged` is how likely it is over already, 0 to 1, where that is known.
  public func silence(_ settings: EndpointingSettings, judged: Float? = nil) -> EndSilence {
    guard let bounds = settings.adaptive else { return EndSilence(milliseconds: settings.endSilence) }
    var (factor, reasons) = expectation(settings.expected)
    // A word is no longer, and a number has no fewer digits, for those who pause.
    if reasons.isDisjoint(with: [.yesNo, .digitsMissing, .digitsPossible, .digitsComplete]) {
      let usual = Self.usualPause * Self.usualWeight
      let own = (usual + Float(pauses.milliseconds)) / (usual + Float(pauses.count) * Self.usualPause)
      factor *= min(max(own, Factor.caller.lowerBound), Factor.caller.upperBound)
      if let judged, !Factor.unsure.contains(judged) {
        factor *= 1 + Factor.judge * (1 - 2 * min(max(judged, 0), 1))
        reasons.insert(.judge)
      }
      if own > 1.05 { reasons.insert(.longPauses) } else if own < 0.95 { reasons.insert(.shortPauses) }
    }
    let wished = Int(Float(settings.endSilence) * factor)
    let milliseconds = min(max(wished, bounds.minimum), bounds.maximum)
    if milliseconds != wished { reasons.insert(.bound) }
    return EndSilence(milliseconds: milliseconds, reasons: reasons)
  }

  private func expectation(_ expected: ExpectedSpeech) -> (factor: Float, reasons: EndSilence.Reasons) {
    switch expected {
    case .anything: return (1, [])
    case .yesNo where spoken <= Self.longestWord: return (Factor.complete, .yesNo)
    case .digits(let count?): return digits(count)
    case .digits(nil): return (Factor.digits, .digits)
    case .address:
      return begun(Factor.address, more: Factor.addressBegun, length: Self.addressLength, .address)
    // Who says more than a word to a question for one has more to say.
    case .free, .yesNo: return begun(Factor.free, more: Factor.freeBegun, length: Self.freeLength, .free)
    }
  }

  private func digits(_ count: Int) -> (factor: Float, reasons: EndSilence.Reasons) {
    var possible = Self.possible, complete = Self.complete
    if numbers.count > 0 {
      let own = numbers.ratios / numbers.count
      possible = min(max(Self.ownPossible * own, 0.8), 1)
      complete = max(Self.ownComplete * own, 0.9)
    }
    let ratio = syllables(for: count)
    if ratio < possible { return (Factor.digitsMissing, .digitsMissing) }
    return ratio < complete ? (Factor.digitsPossible, .digitsPossible) : (Factor.complete, .digitsComplete)
  }

  private func syllables(for count: Int) -> Float { Float(counter.count) / Float(max(count, 1)) }

  /// Longer, the less was said.
  private func begun(
    _ factor: Float, more: Float, length: Float, _ reasons: EndSilence.Reasons
  ) -> (factor: Float, reasons: EndSilence.Reasons) {
    let missing = max(0, 1 - Float(spoken) / length)
    return (factor * (1 + more * missing), missing > 0.5 ? reasons.union(.shortUtterance) : reasons)
  }
}

/// Bounds within which the silence that ends a turn follows what is known of it. In milliseconds, 100 to 10,000.
public struct AdaptiveSilence: Sendable, Hashable {
  /// The shortest silence that ends a turn.
  public let minimum: Int
  /// The longest.
  public let maximum: Int

  /// Bounds; the maximum is no less than the minimum.
  public init(minimum: Int = 250, maximum: Int = 1500) {
    self.minimum = min(max(minimum, 100), 10_000)
    self.maximum = min(max(maximum, self.minimum), 10_000)
  }
}
