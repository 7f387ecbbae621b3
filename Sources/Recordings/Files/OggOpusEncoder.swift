import COpusEnc

/// Ogg Opus of one or two channels, by libopusenc: about 12 kbit/s a channel, enough for telephone speech.
///
/// The owner of one encoder. A file that ends anywhere plays up to its last whole page.
final class OggOpusEncoder: AudioFileEncoder {
  private let encoder: OpaquePointer
  private let channels: Int
  /// The pages given out so far.
  private let given = OggPages()

  init(sampleRate: Int, channels: Int) throws(RecordingError) {
    guard let comments = ope_comments_create() else { throw Self.failure(OPE_ALLOC_FAIL) }
    defer { ope_comments_destroy(comments) }
    var code: Int32 = 0
    guard
      let encoder = ope_encoder_create_pull(comments, Int32(clamping: sampleRate), Int32(clamping: channels), 0, &code)
    else { throw Self.failure(code) }
    self.encoder = encoder
    self.channels = channels
    let configured = patchbay_opusenc_configure(encoder, Int32(12_000 * channels), 3)
    guard configured == OPE_OK else { throw Self.failure(configured) }
  }

  deinit { ope_encoder_destroy(encoder) }

  func begin() throws(RecordingError) -> [UInt8] {
    let code = ope_encoder_flush_header(encoder)
    guard code == OPE_OK else { throw Self.failure(code) }
    return pages(flush: true)
  }

  func encode(_ samples: [Int16]) throws(RecordingError) -> [UInt8] {
    let code = ope_encoder_write(encoder, samples, Int32(clamping: samples.count / channels))
    guard code == OPE_OK else { throw Self.failure(code) }
    return pages(flush: true)
  }

  func finish() throws(RecordingError) -> [UInt8] {
    let code = ope_encoder_drain(encoder)
    guard code == OPE_OK else { throw Self.failure(code) }
    return pages(flush: true)
  }

  func end() -> [UInt8] { given.end() }

  func beginning(audioBytes: Int) -> [UInt8] { [] }

  private func pages(flush: Bool) -> [UInt8] {
    var bytes: [UInt8] = []
    var page: UnsafeMutablePointer<UInt8>?
    var count: Int32 = 0
    while ope_encoder_get_page(encoder, &page, &count, flush ? 1 : 0) == 1, let page, count > 0 {
      bytes += UnsafeBufferPointer(start: page, count: Int(count))
    }
    given.read(bytes)
    return bytes
  }

  private static func failure(_ code: Int32) -> RecordingError {
    let reason = ope_strerror(code).map { String(cString: $0) } ?? "error \(code)"
    return RecordingError(.encoder, "the Opus encoder failed: \(reason)")
  }
}
