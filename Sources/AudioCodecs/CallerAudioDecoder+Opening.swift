/// The start of a stream: junk, a WAV header, or audio.
extension CallerAudioDecoder {
  /// Takes a chunk before it is known how the stream begins.
  func open(_ bytes: UnsafeRawBufferPointer, into output: inout Output) throws(AudioError) {
    guard bytes.count > Self.longestJunk else {
      kept += bytes
      keptPackets += 1
      guard keptPackets >= Self.maximumJunkPackets else { return }
      // Nothing but short packets: that is how this client cuts its audio.
      return try takeKept(isHeader: begins(kept), into: &output)
    }
    if kept.isEmpty {
      return try begin(bytes, isHeader: WAVHeader.begins(bytes), into: &output)
    }
    if begins(kept + bytes.prefix(12)) {
      kept += bytes
      return try takeKept(isHeader: true, into: &output)
    }
    let isJunk: Bool
    if WAVHeader.begins(bytes) || format.encoding != .linear16 {
      isJunk = true
    } else {
      // In front of 16-bit samples an even number of bytes does no harm, and an odd one belongs to an odd rest.
      isJunk = kept.count % 2 == 1 && bytes.count % 2 == 0
    }
    if isJunk {
      counts.junkPackets &+= keptPackets
      kept = []
      keptPackets = 0
      return try begin(bytes, isHeader: WAVHeader.begins(bytes), into: &output)
    }
    try takeKept(isHeader: false, into: &output)
    try takeAudio(bytes, into: &output)
  }

  /// Takes a further chunk of a header that the first did not hold whole.
  func continueHeader(_ bytes: UnsafeRawBufferPointer, into output: inout Output) throws(AudioError) {
    kept += bytes
    try takeKept(isHeader: true, into: &output)
  }

  private func takeKept(isHeader: Bool, into output: inout Output) throws(AudioError) {
    let bytes = kept
    kept = []
    keptPackets = 0
    let failure: AudioError? = bytes.withUnsafeBytes { bytes in
      do throws(AudioError) { try begin(bytes, isHeader: isHeader, into: &output) } catch { return error }
      return nil
    }
    if let failure { throw failure }
  }

  /// Takes the first bytes of the stream that are not junk.
  private func begin(
    _ bytes: UnsafeRawBufferPointer, isHeader: Bool, into output: inout Output
  ) throws(AudioError) {
    guard isHeader else {
      stage = .running
      return try takeAudio(bytes, into: &output)
    }
    guard let found = try WAVHeader.find(bytes, format: Self.streamFormat) else {
      guard bytes.count <= Self.maximumHeader else {
        throw AudioError(
          .malformedFile,
          "A WAV header without audio after \(bytes.count) bytes; send raw audio, or the header and the audio.")
      }
      stage = .header
      kept = Array(bytes)
      return
    }
    try adopt(header: found.format.audio, channels: found.format.channels)
    stage = .running
    let header = WAVHeader(format: found.format.audio, audio: found.audio, isSizeKnown: found.isSizeKnown)
    try takeAudio(header.audio(in: bytes), into: &output)
  }

  /// What a header says that can be converted: the encodings of the wire, one channel or two.
  private static func streamFormat(
    _ format: WAVHeader.Format
  ) throws(AudioError) -> (audio: AudioFormat, channels: Int) {
    let encoding: AudioEncoding
    switch (format.tag, format.bits) {
    case (1, 16): encoding = .linear16
    case (6, 8): encoding = .alaw
    case (7, 8): encoding = .mulaw
    default:
      throw AudioError(
        .unsupportedFile,
        """
        The audio begins with a WAV header of format \(format.tag) with \(format.bits) bits a sample, \
        \(format.channels) channels and \(format.rate) Hz; send 16-bit PCM, mu-law or A-law.
        """)
    }
    guard (1...2).contains(format.channels), sampleRates.contains(format.rate) else {
      throw AudioError(
        sampleRates.contains(format.rate) ? .unsupportedFile : .unsupportedSampleRate,
        """
        The audio begins with a WAV header of \(format.channels) channels at \(format.rate) Hz; send one or two \
        channels at 8000 to 48000 Hz.
        """)
    }
    return (AudioFormat(encoding: encoding, sampleRate: format.rate), format.channels)
  }

  private func begins(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { WAVHeader.begins($0) } }
}

extension WAVHeader {
  /// The audio of a message that begins with this header. What follows the audio's stated size is left out if it is
  /// further chunks of the file; otherwise the size is wrong, as in a header written before the length was known.
  func audio(in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    let padded = audio.upperBound + (audio.count % 2)
    let isFileEnd =
      isSizeKnown
      && (Self.endsWithChunks(bytes, from: audio.upperBound) || Self.endsWithChunks(bytes, from: padded))
    return UnsafeRawBufferPointer(rebasing: bytes[audio.lowerBound..<(isFileEnd ? audio.upperBound : bytes.count)])
  }
}
