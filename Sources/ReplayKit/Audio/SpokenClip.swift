public import Basics
public import AudioCodecs

/// Something a caller can say: recorded speech, cut into frames as they go on the wire.
public struct SpokenClip: Sendable {
  /// For people: the file's name.
  public let name: String
  /// The encoding and rate on the wire.
  public let format: AudioFormat
  /// The length of a frame.
  public let frameLength: Duration
  /// The frames; the last is filled up with silence.
  public let frames: [[UInt8]]
  /// Where speech begins and ends, from the start of the clip: the first and last 10 ms that are louder than the clip's
  /// loudest 10 ms less 35 dB. The whole clip if it is silent.
  public let speech: Range<Duration>
  /// Where it is loud, in 10 ms: what ``speech`` begins and ends with.
  private let isLoud: [Bool]
  /// The clip at 8,000 Hz, for the recording of the call.
  public let samples: [Int16]

  /// The usual time of a frame.
  public static let frameLength: Duration = .milliseconds(20)
  /// The frames that are sent: of a whole number of milliseconds.
  public static let frameLengths: ClosedRange<Duration> = .milliseconds(5) ... .milliseconds(1000)

  /// How long it takes to say.
  public var length: Duration { frameLength * frames.count }

  /// A clip of a WAV file of any rate that can be converted, in the format of the wire.
  ///
  /// - Parameter frameLength: within ``frameLengths``.
  public init(
    name: String, wav: WAVFile, format: AudioFormat, frameLength: Duration = SpokenClip.frameLength
  ) throws(AudioError) {
    let telephone = try wav.samples(at: 8000)
    self.init(
      name: name, samples: try wav.samples(at: format.sampleRate), telephone: telephone, format: format,
      frameLength: frameLength)
  }

  init(
    name: String, samples: [Int16], telephone: [Int16], format: AudioFormat,
    frameLength: Duration = SpokenClip.frameLength
  ) {
    let frameLength = min(max(frameLength, Self.frameLengths.lowerBound), Self.frameLengths.upperBound)
    self.name = name
    self.format = format
    self.samples = telephone
    self.frameLength = frameLength
    let count = Self.samples(of: frameLength, format)
    frames = stride(from: 0, to: samples.count, by: count).map { first in
      var frame = Array(samples[first..<min(first + count, samples.count)])
      frame += repeatElement(0, count: count - frame.count)
      return format.encoding.encode(frame)
    }
    isLoud = Self.loudness(of: telephone)
    speech = Self.speech(isLoud, of: telephone.count)
  }

  /// A frame of silence in a format.
  public static func silence(_ format: AudioFormat, frameLength: Duration = SpokenClip.frameLength) -> [UInt8] {
    let count = samples(of: frameLength, format) * format.encoding.bytesPerSample
    return [UInt8](repeating: format.encoding.silence, count: count)
  }

  private static func samples(of time: Duration, _ format: AudioFormat) -> Int {
    max(1, format.sampleRate * (time.wholeMilliseconds) / 1000)
  }

  /// Where the speech before an offset ended: in a pause, the end of what was said last.
  public func speechEnd(before offset: Duration) -> Duration {
    guard offset < speech.upperBound else { return speech.upperBound }
    let window = max(0, offset.wholeMicroseconds / 10_000)
    guard let last = isLoud.prefix(window).lastIndex(of: true) else { return offset }
    return .milliseconds(10 * (last + 1))
  }

  private static func loudness(of samples: [Int16]) -> [Bool] {
    let window = 80
    var levels: [Double] = []
    levels.reserveCapacity(samples.count / window + 1)
    samples.withUnsafeBufferPointer { samples in
      for first in stride(from: 0, to: samples.count, by: window) {
        levels.append(Level(of: .init(rebasing: samples[first..<min(first + window, samples.count)])).rms)
      }
    }
    guard let loudest = levels.max(), loudest > -60 else { return levels.map { _ in false } }
    return levels.map { $0 > loudest - 35 }
  }

  private static func speech(_ isLoud: [Bool], of count: Int) -> Range<Duration> {
    let end: Duration = .microseconds(count * 125)
    guard let first = isLoud.firstIndex(of: true), let last = isLoud.lastIndex(of: true) else { return .zero..<end }
    return .milliseconds(10 * first)..<min(end, .milliseconds(10 * (last + 1)))
  }
}
