/// A WAV file of mono audio in memory: 16-bit PCM, mu-law or A-law.
public struct WAVFile: Sendable, Hashable {
  /// The audio's encoding and rate.
  public var format: AudioFormat
  /// The audio as it is encoded, in whole samples.
  public var audio: [UInt8]

  /// Encoded audio.
  public init(format: AudioFormat, audio: [UInt8]) {
    self.format = format
    self.audio = Array(audio.prefix(audio.count - audio.count % format.encoding.bytesPerSample))
  }

  /// Linear samples, encoded.
  public init(samples: [Int16], format: AudioFormat) {
    self.init(format: format, audio: format.encoding.encode(samples))
  }

  /// The largest file that is read unless told otherwise: over an hour of 16-bit audio at 8,000 Hz.
  public static let maximumBytes = 64 << 20

  /// Reads a file.
  ///
  /// Chunks may come in any order and lack their padding; audio whose size is given as 0, as 0xFFFFFFFF or as more than
  /// there is reaches to the end. Throws where the bytes are no WAV file, or one of another kind.
  public init(parsing bytes: [UInt8], maximumBytes: Int = WAVFile.maximumBytes) throws(AudioError) {
    guard bytes.count <= maximumBytes else {
      throw AudioError(
        .malformedFile, "A WAV file of \(bytes.count) bytes; at most \(maximumBytes) are read. Split it.")
    }
    let outcome: Result<WAVHeader.Outcome, AudioError> = bytes.withUnsafeBytes { bytes in
      do throws(AudioError) { return .success(try WAVHeader.parse(bytes)) } catch { return .failure(error) }
    }
    guard case .header(let header) = try outcome.get() else {
      throw AudioError(.malformedFile, "The WAV file ends before its audio begins; it is truncated. Save it anew.")
    }
    self.init(format: header.format, audio: Array(bytes[header.audio]))
  }

  /// The audio as linear samples at the file's own rate.
  public var samples: [Int16] { format.encoding.decode(audio) }

  /// The audio as linear samples at another rate.
  public func samples(at sampleRate: Int) throws(AudioError) -> [Int16] {
    try Resampler.resample(samples, from: format.sampleRate, to: sampleRate)
  }

  /// How long it plays, in milliseconds.
  public var duration: Int { audio.count * 1000 / max(1, format.bytesPerSecond) }

  /// The file's bytes.
  public var bytes: [UInt8] {
    var bytes = Self.header(format: format, audioBytes: audio.count)
    bytes.reserveCapacity(bytes.count + audio.count + 1)
    bytes += audio
    if audio.count % 2 == 1 { bytes.append(0) }
    return bytes
  }

  /// The header of a file: 44 bytes for PCM; 58 for G.711, whose format chunk has a size field and which carries the
  /// number of samples in a fact chunk, as formats other than PCM have to. Audio of an odd number of bytes is followed
  /// by one byte of padding. Sizes beyond 32 bits are written as 0xFFFFFFFF.
  public static func header(format: AudioFormat, channels: Int = 1, audioBytes: Int) -> [UInt8] {
    let isLinear = format.encoding == .linear16
    let tag: UInt16 =
      switch format.encoding {
      case .linear16: 1
      case .alaw: 6
      case .mulaw: 7
      }
    let bytesPerFrame = format.encoding.bytesPerSample * channels
    var header: [UInt8] = []
    header.reserveCapacity(58)
    header += "RIFF".utf8
    header.append(little: UInt32(clamping: audioBytes + audioBytes % 2 + (isLinear ? 36 : 50)))
    header += "WAVEfmt ".utf8
    header.append(little: UInt32(isLinear ? 16 : 18))
    header.append(little: tag)
    header.append(little: UInt16(clamping: channels))
    header.append(little: UInt32(clamping: format.sampleRate))
    header.append(little: UInt32(clamping: format.bytesPerSecond * channels))
    header.append(little: UInt16(clamping: bytesPerFrame))
    header.append(little: UInt16(8 * format.encoding.bytesPerSample))
    if !isLinear {
      header.append(little: UInt16(0))
      header += "fact".utf8
      header.append(little: UInt32(4))
      header.append(little: UInt32(clamping: audioBytes / bytesPerFrame))
    }
    header += "data".utf8
    header.append(little: UInt32(clamping: audioBytes))
    return header
  }
}

extension [UInt8] {
  fileprivate mutating func append<Value: FixedWidthInteger>(little value: Value) {
    for shift in stride(from: 0, to: Value.bitWidth, by: 8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
  }
}
