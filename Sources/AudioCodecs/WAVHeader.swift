/// The part of a RIFF/WAVE file before its audio, as far as it is needed to find the audio and its format.
///
/// Tolerant of what real encoders write: chunks in any order, missing padding, sizes of 0 or 0xFFFFFFFF or beyond the
/// end, the extensible format. Bounded: at most ``maximumChunks`` chunks are looked at.
/// Source: Microsoft, "Multiple Channel Audio Data and WAVE Files" and RFC 2361.
struct WAVHeader {
  /// The audio's encoding and rate.
  var format: AudioFormat
  /// Where in the bytes given the audio lies.
  var audio: Range<Int>
  /// Whether the header gives a size of the audio that lies within the bytes given.
  var isSizeKnown: Bool

  static let maximumChunks = 64

  /// What a look at bytes found.
  enum Outcome {
    case header(WAVHeader)
    /// The bytes end before the audio begins.
    case incomplete
  }

  /// Whether bytes begin as a RIFF/WAVE file does.
  static func begins(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= 12 && bytes.fourCC(at: 0) == .riff && bytes.fourCC(at: 8) == .wave
  }

  /// What a format chunk says.
  struct Format {
    /// The format's number; where it is the extensible one's, that of the format within.
    var tag: UInt16
    var channels: Int
    /// Samples a second.
    var rate: Int
    /// Bits of a sample.
    var bits: Int
  }

  /// The audio of a file and its format, as far as the caller takes it.
  struct Contents<Taken> {
    var format: Taken
    var audio: Range<Int>
    var isSizeKnown: Bool
  }

  /// Reads the header at the start of `bytes`.
  static func parse(_ bytes: UnsafeRawBufferPointer) throws(AudioError) -> Outcome {
    guard let contents = try find(bytes, format: audioFormat) else { return .incomplete }
    return .header(WAVHeader(format: contents.format, audio: contents.audio, isSizeKnown: contents.isSizeKnown))
  }

  /// Finds the audio; `nil` where the bytes end before it begins.
  ///
  /// - Parameter take: makes of a format what the caller needs; throws where it is of no use.
  static func find<Taken>(
    _ bytes: UnsafeRawBufferPointer, format take: (Format) throws(AudioError) -> Taken
  ) throws(AudioError) -> Contents<Taken>? {
    guard bytes.count >= 12 else { return nil }
    guard begins(bytes) else {
      if let kind = AudioFileKind(of: Array(bytes.prefix(12))) {
        throw AudioError(.unsupportedFile, "Not a WAV file: this is \(kind.advice).")
      }
      throw AudioError(.malformedFile, "Not a WAV file: it does not begin with RIFF and WAVE. Convert it to WAV.")
    }
    var format: Taken?
    var audio: (range: Range<Int>, isSizeKnown: Bool)?
    var offset = 12
    for _ in 0..<maximumChunks {
      if let format, let audio {
        return Contents(format: format, audio: audio.range, isSizeKnown: audio.isSizeKnown)
      }
      guard offset + 8 <= bytes.count else { return nil }
      let id = bytes.fourCC(at: offset)
      let size = Int(bytes.littleEndian32(at: offset + 4))
      let body = offset + 8
      switch id {
      case .format where format == nil:
        guard let found = try parseFormat(bytes, at: body, size: size) else { return nil }
        format = try take(found)
      case .data where audio == nil:
        let isSizeKnown = size <= bytes.count - body && (size > 0 || endsWithChunks(bytes, from: body))
        audio = (body..<(isSizeKnown ? body + size : bytes.count), isSizeKnown)
        if format == nil, !isSizeKnown { return nil }
      default: break
      }
      offset = next(after: body, size: size, in: bytes)
    }
    throw AudioError(
      .malformedFile, "A WAV header with more than \(maximumChunks) chunks before its audio; save the file anew.")
  }

  /// The offset of the chunk that follows a body: padded to an even length, unless the writer forgot to.
  private static func next(after body: Int, size: Int, in bytes: UnsafeRawBufferPointer) -> Int {
    let end = body + size
    guard size % 2 == 1, end < bytes.count else { return end + size % 2 }
    func isKnown(_ offset: Int) -> Bool { offset + 4 <= bytes.count && FourCC.known.contains(bytes.fourCC(at: offset)) }
    if isKnown(end) { return end }
    // Padding is a zero, as no chunk's name begins with one.
    if isKnown(end + 1) || bytes[end] == 0 { return end + 1 }
    return end + 8 <= bytes.count && bytes.fourCC(at: end).isPrintable
      && Int(bytes.littleEndian32(at: end + 4)) <= bytes.count - end - 8 ? end : end + 1
  }

  /// Whether the bytes from an offset on are nothing but whole chunks.
  static func endsWithChunks(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Bool {
    var offset = start
    for _ in 0..<maximumChunks {
      if offset >= bytes.count { return true }
      guard offset + 8 <= bytes.count, bytes.fourCC(at: offset).isPrintable else { return false }
      let size = Int(bytes.littleEndian32(at: offset + 4))
      guard size <= bytes.count - offset - 8 else { return false }
      offset = next(after: offset + 8, size: size, in: bytes)
    }
    return false
  }

  /// The body of a format chunk, or `nil` where the bytes end within it.
  private static func parseFormat(
    _ bytes: UnsafeRawBufferPointer, at body: Int, size: Int
  ) throws(AudioError) -> Format? {
    guard size >= 16, size <= 1024 else {
      throw AudioError(
        .malformedFile, "The fmt chunk of a WAV header has \(size) bytes; 16, 18 or 40 are usual. Save the file anew.")
    }
    guard body + size <= bytes.count else { return nil }
    var tag = bytes.littleEndian16(at: body)
    let channels = bytes.littleEndian16(at: body + 2)
    let rate = Int(bytes.littleEndian32(at: body + 4))
    let bits = bytes.littleEndian16(at: body + 14)
    if tag == 0xFFFE {
      guard size >= 40 else {
        throw AudioError(.malformedFile, "An extensible WAV format of \(size) bytes; it needs 40. Save the file anew.")
      }
      tag = bytes.littleEndian16(at: body + 24)
    }
    return Format(tag: tag, channels: Int(channels), rate: rate, bits: Int(bits))
  }

  /// The format as our own streams have it.
  private static func audioFormat(_ format: Format) throws(AudioError) -> AudioFormat {
    let (tag, channels, rate, bits) = (format.tag, format.channels, format.rate, format.bits)
    let encoding: AudioEncoding
    switch (tag, bits) {
    case (1, 16): encoding = .linear16
    case (6, 8): encoding = .alaw
    case (7, 8): encoding = .mulaw
    default:
      throw AudioError(
        .unsupportedFile,
        "A WAV file of format \(tag) with \(bits) bits a sample; use 16-bit PCM, mu-law or A-law (sox -b 16 -c 1).")
    }
    guard channels == 1 else {
      throw AudioError(.unsupportedFile, "A WAV file of \(channels) channels; use one (sox … -c 1).")
    }
    guard Resampler.rates.contains(rate) else {
      throw AudioError(
        .unsupportedSampleRate,
        "A WAV file of \(rate) samples a second; use 8000, 16000, 24000 or 48000 (sox … -r 8000).")
    }
    return AudioFormat(encoding: encoding, sampleRate: rate)
  }
}

/// The four letters that name a RIFF chunk.
struct FourCC: Hashable {
  let value: UInt32

  init(_ value: UInt32) { self.value = value }

  init(_ name: StaticString) {
    precondition(name.utf8CodeUnitCount == 4)
    self.value = UnsafeRawBufferPointer(start: name.utf8Start, count: 4).littleEndian32(at: 0)
  }

  static let riff = FourCC("RIFF")
  static let wave = FourCC("WAVE")
  static let format = FourCC("fmt ")
  static let data = FourCC("data")
  static let known: Set<FourCC> = [format, data, FourCC("fact"), FourCC("LIST"), FourCC("JUNK"), FourCC("bext")]

  var isPrintable: Bool {
    (0..<4).allSatisfy { (0x20...0x7E).contains((value >> (8 * $0)) & 0xFF) }
  }
}

extension UnsafeRawBufferPointer {
  func littleEndian16(at offset: Int) -> UInt16 {
    precondition(offset >= 0 && offset <= count - 2)
    return UInt16(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }

  func littleEndian32(at offset: Int) -> UInt32 {
    precondition(offset >= 0 && offset <= count - 4)
    return UInt32(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  func fourCC(at offset: Int) -> FourCC { FourCC(littleEndian32(at: offset)) }
}
