/// Counts syllables by the rise and fall of the voice's loudest band: about as many as are spoken, fewer where noise fills
/// the gaps. A value without any audio.
struct SyllableCounter: Sendable {
  /// By how much the loudness falls after a syllable and rises before one, as a natural logarithm of power: 6.5 dB.
  static let dip: Float = 1.5
  /// Sounds so much softer than the loudest one are no syllables: 17 dB.
  static let range: Float = 4

  /// Syllables so far.
  private(set) var count = 0

  // The last two frames': their mean with the next is what is looked at.
  private var last: (Float, Float)?
  private var isRising = true
  private var extreme: Float = -.infinity
  private var loudest: Float = -.infinity
  private var isVoiced = false

  /// Takes the loudness of the next frame, and whether somebody may speak in it.
  mutating func hear(_ loudness: Float, isSpeech: Bool) {
    let (before, previous) = last ?? (loudness, loudness)
    last = (previous, loudness)
    let level = (before + previous + loudness) / 3
    if isSpeech { loudest = max(loudest, level) }
    if isRising {
      if level >= extreme {
        extreme = level
        isVoiced = isSpeech
      }
      guard level < extreme - Self.dip else { return }
      if isVoiced, extreme > loudest - Self.range { count += 1 }
      isRising = false
      extreme = level
    } else {
      extreme = min(extreme, level)
      guard level > extreme + Self.dip else { return }
      isRising = true
      extreme = level
      isVoiced = isSpeech
    }
  }
}
