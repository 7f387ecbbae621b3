import AudioCodecs
import COpus

/// Encodes one mono stream with Opus.
///
/// The owner of one libopus encoder. Not for use from two threads at once.
final class OpusEncoder {
  /// What the packets are for.
  struct Settings: Sendable, Hashable {
    /// Bits a second, 6,000 to 510,000. Speech in full quality takes 24,000.
    var bitrate = 24_000
    /// Whether each packet also tells about the one before it.
    var errorCorrection = false
    /// The loss to prepare for, in percent; error correction is only worth its bits where it is over 0.
    var expectedLoss = 0
    /// Whether silence is left out: packets of at most 2 bytes need not be sent.
    var discontinuous = false
    /// Effort, 0 to 10.
    var complexity = 9

    /// The defaults.
    init() {}
  }

  /// Lengths that a frame may have, in units of an eighth of a millisecond: 2.5, 5, 10, 20, 40, 60, 80, 100, 120 ms.
  static let frameDurations: Set<Int> = [20, 40, 80, 160, 320, 480, 640, 800, 960]

  /// Samples a second that go in.
  let sampleRate: Int
  /// Samples at the start of the decoded stream that come before the first sample that went in.
  let lookahead: Int

  private let state: OpaquePointer

  /// An encoder for speech.
  init(sampleRate: Int, settings: Settings = Settings()) throws(AudioError) {
    guard Resampler.rates.contains(sampleRate) else {
      throw AudioError(
        .unsupportedSampleRate, "A sample rate of \(sampleRate) Hz is not supported; use 8000, 16000, 24000 or 48000.")
    }
    var status: Int32 = 0
    guard let state = opus_encoder_create(opus_int32(sampleRate), 1, OPUS_APPLICATION_VOIP, &status),
      status == OPUS_OK
    else { throw AudioError(.unavailable, "The Opus encoder could not be made (libopus error \(status)).") }
    var lookahead: Int32 = 0
    let steps = [
      pb_opus_encoder_set_bitrate(state, Int32(clamping: min(510_000, max(6000, settings.bitrate)))),
      pb_opus_encoder_set_inband_fec(state, settings.errorCorrection),
      pb_opus_encoder_set_expected_loss(state, Int32(clamping: min(100, max(0, settings.expectedLoss)))),
      pb_opus_encoder_set_dtx(state, settings.discontinuous),
      pb_opus_encoder_set_complexity(state, Int32(clamping: min(10, max(0, settings.complexity)))),
      pb_opus_encoder_lookahead(state, &lookahead),
    ]
    guard steps.allSatisfy({ $0 == OPUS_OK }) else {
      opus_encoder_destroy(state)
      throw AudioError(.unavailable, "The Opus encoder does not take its settings.")
    }
    self.state = state
    self.sampleRate = sampleRate
    self.lookahead = Int(lookahead)
  }

  deinit { opus_encoder_destroy(state) }

  /// Encodes one frame, of one of ``frameDurations``.
  ///
  /// - Returns: the packet, at most ``OpusPacket/maximumBytes`` long; `nil` where the frame has no such length.
  func encode(_ frame: UnsafeBufferPointer<Int16>) -> [UInt8]? {
    let unit = sampleRate / 8000
    guard frame.count % unit == 0, Self.frameDurations.contains(frame.count / unit) else { return nil }
    let packet = [UInt8](unsafeUninitializedCapacity: OpusPacket.maximumBytes) { bytes, count in
      guard let source = frame.baseAddress, let target = bytes.baseAddress else { return }
      count = max(0, Int(opus_encode(state, source, Int32(frame.count), target, opus_int32(bytes.count))))
    }
    return packet.isEmpty ? nil : packet
  }

  /// Encodes one frame, of one of ``frameDurations``.
  func encode(_ frame: some Collection<Int16>) -> [UInt8]? {
    if let packet = frame.withContiguousStorageIfAvailable({ encode($0) }) { return packet }
    return Array(frame).withUnsafeBufferPointer { encode($0) }
  }

  /// The state of the range encoder after the last packet.
  var finalRange: UInt32 {
    var range: UInt32 = 0
    _ = pb_opus_encoder_final_range(state, &range)
    return range
  }
}
