/// A WAV file of any usual kind, mixed down to one channel: what a server that is not ours plays to a caller.
///
/// Linear samples of 8, 16, 24 or 32 bits, floating-point ones of 32 or 64, mu-law and A-law; 1 to 8 channels; 4,000 to
/// 192,000 samples a second. ``WAVFile`` is for what is taken as it is.
public struct ForeignWAVFile: Sendable {
  /// The samples, the mean of all channels.
  public let samples: [Int16]
  /// Samples a second.
  public let sampleRate: Int

  private static let channelCounts = 1...8

  private enum Sample {
    case unsigned8
    case signed(bytes: Int)
    case float32
    case float64
    case mulaw
    case alaw

    init?(tag: UInt16, bits: Int) {
      switch (tag, bits) {
      case (1, 8): self = .unsigned8
      case (1, 16), (1, 24), (1, 32): self = .signed(bytes: bits / 8)
      case (3, 32): self = .float32
      case (3, 64): self = .float64
      case (6, 8): self = .alaw
      case (7, 8): self = .mulaw
      default: return nil
      }
    }

    var bytes: Int {
      switch self {
      case .unsigned8, .mulaw, .alaw: 1
      case .signed(let bytes): bytes
      case .float32: 4
      case .float64: 8
      }
    }
  }

  /// Reads a file. Throws where the bytes are no WAV file, or one of another kind; the error says of which.
  public init(parsing bytes: [UInt8]) throws(AudioError) {
    let outcome: Result<(samples: [Int16], rate: Int), AudioError> = bytes.withUnsafeBytes { bytes in
      do throws(AudioError) { return .success(try Self.read(bytes)) } catch { return .failure(error) }
    }
    (samples, sampleRate) = try outcome.get()
  }

  /// The channels of a file, each at another rate. Throws as ``init(parsing:)`` does.
  public static func channels(parsing bytes: [UInt8], sampleRate: Int) throws(AudioError) -> [[Int16]] {
    let outcome: Result<(channels: [[Int16]], rate: Int), AudioError> = bytes.withUnsafeBytes { bytes in
      do throws(AudioError) {
        let found = try find(bytes)
        let channels = (0..<found.format.channels).map { channel in
          samples(bytes, found) { value in value(channel) }
        }
        return .success((channels, found.format.rate))
      } catch { return .failure(error) }
    }
    let (channels, rate) = try outcome.get()
    var converted: [[Int16]] = []
    for channel in channels { converted.append(try Resampler.resample(channel, fromAny: rate, to: sampleRate)) }
    return converted
  }

  private typealias Format = (sample: Sample, channels: Int, rate: Int)

  private static func read(_ bytes: UnsafeRawBufferPointer) throws(AudioError) -> (samples: [Int16], rate: Int) {
    let found = try find(bytes)
    let channels = found.format.channels
    let samples = samples(bytes, found) { value in
      var sum = 0
      for channel in 0..<channels { sum += value(channel) }
      return sum / channels
    }
    return (samples, found.format.rate)
  }

  private static func find(_ bytes: UnsafeRawBufferPointer) throws(AudioError) -> WAVHeader.Contents<Format> {
    let found = try WAVHeader.find(bytes) { (format) throws(AudioError) -> Format in
      guard let sample = Sample(tag: format.tag, bits: format.bits) else {
        throw AudioError(
          .unsupportedFile, "A WAV file of format \(format.tag) with \(format.bits) bits a sample; use linear samples.")
      }
      guard channelCounts.contains(format.channels) else {
        throw AudioError(.unsupportedFile, "A WAV file of \(format.channels) channels; use one or two.")
      }
      guard Resampler.convertibleRates.contains(format.rate) else {
        throw AudioError(
          .unsupportedSampleRate, "A WAV file of \(format.rate) samples a second; use 8000 to 48000.")
      }
      return (sample, format.channels, format.rate)
    }
    guard let found else {
      throw AudioError(.malformedFile, "The WAV file ends before its audio begins; it is truncated.")
    }
    return found
  }

  /// A sample of each frame, made of the samples of its channels.
  private static func samples(
    _ bytes: UnsafeRawBufferPointer, _ found: WAVHeader.Contents<Format>, _ make: ((_ channel: Int) -> Int) -> Int
  ) -> [Int16] {
    let (sample, channels, _) = found.format
    let frame = sample.bytes * channels
    let count = found.audio.count / frame
    return [Int16](unsafeUninitializedCapacity: count) { output, initialized in
      for index in 0..<count {
        let made = make { channel in
          // `count` whole frames lie within the audio.
          value(bytes, at: found.audio.lowerBound + index * frame + channel * sample.bytes, sample)
        }
        output.initializeElement(at: index, to: Int16(clamping: made))
      }
      initialized = count
    }
  }

  /// A sample in 16 bits.
  private static func value(_ bytes: UnsafeRawBufferPointer, at offset: Int, _ sample: Sample) -> Int {
    switch sample {
    case .unsigned8: (Int(bytes[offset]) - 128) << 8
    case .signed(2): Int(Int16(truncatingIfNeeded: bytes.littleEndian16(at: offset)))
    case .signed(let count):
      // The two most significant bytes.
      Int(Int16(truncatingIfNeeded: bytes.littleEndian16(at: offset + count - 2)))
    case .float32: scaled(Double(Float(bitPattern: bytes.littleEndian32(at: offset))))
    case .float64:
      scaled(
        Double(
          bitPattern: UInt64(bytes.littleEndian32(at: offset)) | UInt64(bytes.littleEndian32(at: offset + 4)) << 32))
    case .mulaw: Int(G711.linear(mulaw: bytes[offset]))
    case .alaw: Int(G711.linear(alaw: bytes[offset]))
    }
  }

  private static func scaled(_ value: Double) -> Int {
    value.isFinite ? Int((min(max(value, -1), 1) * 32_767).rounded()) : 0
  }

  /// The audio as linear samples at another rate.
  public func samples(at rate: Int) throws(AudioError) -> [Int16] {
    try Resampler.resample(samples, fromAny: sampleRate, to: rate)
  }
}
