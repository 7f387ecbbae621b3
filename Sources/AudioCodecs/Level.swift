import Glibc

/// How loud a stretch of audio is, in decibels relative to full scale (dBFS): 0 is the loudest that can be written.
public struct Level: Sendable, Hashable {
  /// The level given for digital silence.
  public static let floor: Double = -96

  /// The level of the root of the mean square. A full-scale sine has -3 dBFS.
  public var rms: Double
  /// The level of the highest sample.
  public var peak: Double

  /// A level.
  public init(rms: Double, peak: Double) {
    self.rms = rms
    self.peak = peak
  }

  /// The level of samples; of none, the floor.
  public init(of samples: UnsafeBufferPointer<Int16>) {
    var squares: UInt64 = 0
    var highest: UInt16 = 0
    for sample in samples {
      let magnitude = sample.magnitude
      highest = max(highest, magnitude)
      squares &+= UInt64(magnitude) &* UInt64(magnitude)
    }
    let meanSquare = samples.isEmpty ? 0 : Double(squares) / Double(samples.count)
    rms = Self.decibels(meanSquare.squareRoot() / 32768)
    peak = Self.decibels(Double(highest) / 32768)
  }

  /// The level of samples; of none, the floor.
  public init(of samples: [Int16]) {
    self = samples.withUnsafeBufferPointer { Level(of: $0) }
  }

  private static func decibels(_ ratio: Double) -> Double {
    ratio > 0 ? max(floor, 20 * log10(ratio)) : floor
  }
}
