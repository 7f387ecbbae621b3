import Glibc

/// Lets a frame pass as speech only if it is loud enough: over an absolute floor, and not too far below the speech
/// heard before it, so that the room's echo and breath after the last word do not prolong a turn.
public struct SpeechGate: Sendable {
  /// The floor, in dBFS.
  public let floor: Double
  /// How far below the speaker's loudest frames speech may be, in decibels.
  public let range: Double

  // As mean squares of 16-bit samples.
  private let floorPower: Float
  private let rangeFactor: Float
  private var speakerPower: Float = 0
  private var lastVoicePower: Float = 0

  /// The speaker's level falls by 2 dB a second at 50 frames a second, so that a soft voice is heard after a loud one.
  private static let decay: Float = 0.990832

  /// A gate. The defaults were found on recorded speech, its level between -10 and -30 dBFS, over a clean line and
  /// with noise and hum 20 to 45 dB below it.
  public init(floor: Double = -66, range: Double = 33) {
    self.floor = floor
    self.range = range
    floorPower = Float(32768 * 32768 * pow(10, floor / 10))
    rangeFactor = Float(pow(10, -range / 10))
  }

  /// Forgets the speaker's level.
  public mutating func reset() {
    speakerPower = 0
    lastVoicePower = 0
  }

  /// Whether a frame counts as speech, given what the detector says of it.
  public mutating func passes(_ frame: UnsafeBufferPointer<Int16>, isVoice: Bool) -> Bool {
    speakerPower *= Self.decay
    guard isVoice, !frame.isEmpty else {
      lastVoicePower = 0
      return false
    }
    var squares: Int64 = 0
    for sample in frame { squares &+= Int64(Int32(sample) &* Int32(sample)) }
    let power = Float(squares) / Float(frame.count)
    let passes = power > floorPower && power > speakerPower * rangeFactor
    // Two frames running set the level: a click that is over within one does not deafen the gate.
    speakerPower = max(speakerPower, min(power, lastVoicePower))
    lastVoicePower = power
    return passes
  }
}
