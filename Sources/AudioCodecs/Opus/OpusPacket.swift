import COpus

/// One Opus packet, looked at before it is decoded (RFC 6716, section 3). It borrows the bytes.
public struct OpusPacket {
  /// The longest packet that is taken, in bytes.
  public static let maximumBytes = 4000
  /// The longest frame within a packet, in bytes (RFC 6716, section 3.4, [R2]).
  public static let maximumFrameBytes = 1275
  /// The longest packet in time, in milliseconds ([R5]).
  public static let maximumMilliseconds = 120

  /// Why a packet is none.
  public enum FormatError: Error, Sendable, Hashable {
    /// No byte at all, which libopus would take for a loss.
    case empty
    /// More than ``OpusPacket/maximumBytes``.
    case tooLarge
    /// Its frames do not add up, or last over 120 ms.
    case malformed
  }

  /// The packet.
  public let bytes: UnsafeRawBufferPointer
  /// How long it lasts, in units of an eighth of a millisecond (a sample at 8 kHz): 20 to 960.
  public let duration: Int
  /// Whether it tells about the packet before it too (in-band forward error correction).
  public let hasErrorCorrection: Bool
  /// Whether its frames hold nothing: the encoder has stopped to transmit (DTX).
  public let isDiscontinuous: Bool

  /// Looks at a packet.
  public init(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
    guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), !bytes.isEmpty else { throw .empty }
    guard bytes.count <= Self.maximumBytes else { throw .tooLarge }
    let samples = opus_packet_get_nb_samples(start, opus_int32(bytes.count), 8000)
    guard samples > 0, samples <= 8 * Int32(Self.maximumMilliseconds) else { throw .malformed }
    // Up to 48 frames of 2.5 ms make up 120 ms.
    let frames: (isWhole: Bool, longest: Int16, first: UInt8?) = withUnsafeTemporaryAllocation(
      of: opus_int16.self, capacity: 48
    ) { sizes in
      withUnsafeTemporaryAllocation(of: UnsafePointer<UInt8>?.self, capacity: 48) { starts in
        sizes.initialize(repeating: 0)
        starts.initialize(repeating: nil)
        var toc: UInt8 = 0
        guard let sizeRoom = sizes.baseAddress, let startRoom = starts.baseAddress else { return (false, 0, nil) }
        let count = opus_packet_parse(
          start, opus_int32(bytes.count), &toc, startRoom, sizeRoom, nil)
        guard count > 0, count <= 48 else { return (false, 0, nil) }
        let longest = sizes.prefix(Int(count)).max() ?? 0
        return (true, longest, sizes[0] > 0 ? starts[0]?.pointee : nil)
      }
    }
    guard frames.isWhole, frames.longest <= Self.maximumFrameBytes else { throw .malformed }
    self.bytes = bytes
    duration = Int(samples)
    isDiscontinuous = frames.longest <= 1
    hasErrorCorrection = Self.hasErrorCorrection(toc: start.pointee, firstByte: frames.first)
  }

  /// A SILK frame begins with a bit of voice activity for each 20 ms of the channel and then the bit that is asked for
  /// (RFC 6716, section 4.2.3). CELT frames never have it.
  private static func hasErrorCorrection(toc: UInt8, firstByte: UInt8?) -> Bool {
    let configuration = toc >> 3
    guard configuration < 16, let firstByte else { return false }
    // SILK-only: 10, 20, 40, 60 ms; hybrid: 10, 20 ms.
    let silkFrames: UInt8 =
      switch (configuration < 12, configuration & 3) {
      case (true, 2): 2
      case (true, 3): 3
      default: 1
      }
    let mono = firstByte >> (7 - silkFrames) & 1 == 1
    let isStereo = toc & 4 != 0
    return mono || isStereo && firstByte >> (6 - 2 * silkFrames) & 1 == 1
  }

  /// How long the packet lasts in samples of a rate.
  public func samples(at sampleRate: Int) -> Int { duration * (sampleRate / 8000) }
}
