import COpus

/// Decodes the Opus packets of one sender to mono at the pipeline's own rate. Packets of two channels are mixed.
///
/// The owner of one libopus decoder. What it returns lies in its own buffer, of 120 ms, until the next call. Not for use
/// from two threads at once.
public final class OpusDecoder {
  /// Samples a second that come out: 8,000, 16,000, 24,000 or 48,000.
  public let sampleRate: Int

  private let state: OpaquePointer
  private let output: UnsafeMutableBufferPointer<Int16>

  /// A decoder for one sender.
  public init(sampleRate: Int) throws(AudioError) {
    guard Resampler.rates.contains(sampleRate) else {
      throw AudioError(
        .unsupportedSampleRate, "A sample rate of \(sampleRate) Hz is not supported; use 8000, 16000, 24000 or 48000.")
    }
    var status: Int32 = 0
    guard let state = opus_decoder_create(opus_int32(sampleRate), 1, &status), status == OPUS_OK else {
      throw AudioError(.unavailable, "The Opus decoder could not be made (libopus error \(status)).")
    }
    self.state = state
    self.sampleRate = sampleRate
    output = .allocate(capacity: OpusPacket.maximumMilliseconds * sampleRate / 1000)
    output.initialize(repeating: 0)
  }

  deinit {
    opus_decoder_destroy(state)
    output.deallocate()
  }

  /// Decodes a packet; `nil` where libopus finds it damaged.
  public func decode(_ packet: OpusPacket) -> UnsafeBufferPointer<Int16>? {
    decode(packet.bytes, samples: output.count, errorCorrection: false)
  }

  /// Decodes what the packet after a lost one tells about the lost one; `nil` where it tells nothing usable.
  ///
  /// - Parameter samples: the lost packet's length, at most 120 ms.
  public func recover(samples: Int, from next: OpusPacket) -> UnsafeBufferPointer<Int16>? {
    guard next.hasErrorCorrection else { return nil }
    return decode(next.bytes, samples: samples, errorCorrection: true)
  }

  /// Makes up what was lost from what came before it.
  ///
  /// - Parameter samples: how much, at most 120 ms; cut down to whole 2.5 ms.
  public func conceal(samples: Int) -> UnsafeBufferPointer<Int16>? {
    decode(UnsafeRawBufferPointer(start: nil, count: 0), samples: samples, errorCorrection: false)
  }

  /// Forgets the past: what comes next has nothing to do with it.
  public func reset() { _ = pb_opus_decoder_reset(state) }

  /// The state of the range decoder after the last packet: equal to the encoder's after the same packet, or one of the
  /// two is wrong (RFC 6716, section 6.1).
  public var finalRange: UInt32 {
    var range: UInt32 = 0
    _ = pb_opus_decoder_final_range(state, &range)
    return range
  }

  private func decode(
    _ bytes: UnsafeRawBufferPointer, samples: Int, errorCorrection: Bool
  ) -> UnsafeBufferPointer<Int16>? {
    // A loss is made up in multiples of 2.5 ms.
    let unit = sampleRate / 400
    let room = min(output.count, samples) / unit * unit
    guard room > 0, bytes.count <= OpusPacket.maximumBytes, let target = output.baseAddress else { return nil }
    let count = opus_decode(
      state, bytes.isEmpty ? nil : bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), opus_int32(bytes.count),
      target, Int32(room), errorCorrection ? 1 : 0)
    guard count > 0, Int(count) <= output.count else { return nil }
    return UnsafeBufferPointer(rebasing: output[..<Int(count)])
  }
}
