/// Room for the samples of one chunk, used again for every chunk.
///
/// One for each thread that decodes is enough, whatever the number of calls: what ``CallerAudioDecoder`` returns lies in
/// it until the next chunk is decoded.
public final class SampleScratch {
  /// Samples it holds: a chunk of the largest size with what may have been kept back before it.
  public static let capacity = CallerAudioDecoder.maximumChunk + CallerAudioDecoder.maximumHeader + 512

  let samples: UnsafeMutableBufferPointer<Int16>

  /// Allocates the room, about 128 KiB.
  public init() {
    samples = .allocate(capacity: Self.capacity)
    samples.initialize(repeating: 0)
  }

  deinit { samples.deallocate() }
}
