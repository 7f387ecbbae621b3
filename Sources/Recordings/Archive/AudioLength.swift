/// How much audio there is in a recording's file, found out from its bytes: pieces in, length out.
///
/// Not for use from two threads at once.
final class AudioLength {
  private let details: RecordingDetails
  private let pages: OggPages?
  private var beginning: [UInt8] = []
  private var count = 0

  init(_ details: RecordingDetails) {
    self.details = details
    pages = details.format == RecordingFormat.opus.rawValue ? OggPages() : nil
  }

  /// The next bytes of the file.
  func read(_ bytes: [UInt8]) {
    count += bytes.count
    if beginning.count < WAVEncoder.headerBytes { beginning += bytes.prefix(WAVEncoder.headerBytes) }
    pages?.read(bytes)
  }

  private var frameBytes: Int { 2 * max(1, details.channels.count) }

  /// How long the file plays, in milliseconds.
  var milliseconds: Int {
    if let pages { return pages.milliseconds }
    return max(0, count - WAVEncoder.headerBytes) / frameBytes * 1000 / max(1, details.sampleRate)
  }

  /// Bytes up to the end of what can be played.
  var wholeBytes: Int {
    if let pages { return pages.wholeBytes }
    return min(count, WAVEncoder.headerBytes) + max(0, count - WAVEncoder.headerBytes) / frameBytes * frameBytes
  }

  /// What has to follow ``wholeBytes`` so that the stream has its end.
  var end: [UInt8] { pages?.end() ?? [] }

  /// What is wrong with the file, `nil` for nothing.
  var defect: String? {
    if let pages {
      guard beginning.starts(with: "OggS".utf8) else { return "the audio does not begin as an Ogg file" }
      return pages.isEnded ? nil : "the audio has no end: its last page is missing"
    }
    guard beginning.starts(with: "RIFF".utf8), count >= WAVEncoder.headerBytes else {
      return "the audio does not begin as a WAV file"
    }
    return nil
  }
}
