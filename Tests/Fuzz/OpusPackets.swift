// A fuzz target for libFuzzer: Opus packets through whole streams, at every rate. Built and run by Scripts/fuzz; ten
// million packets are `Scripts/fuzz opus 0 10000000`.
import AudioCodecs

// One fuzzing thread uses them. They live from packet to packet: a damaged one must not harm those after it.
nonisolated(unsafe) private let streams = Resampler.rates.sorted().compactMap { try? OpusStream(sampleRate: $0) }
nonisolated(unsafe) private var number = 0

/// libFuzzer calls this for every input: a byte that says how many packets were lost before, and the packet.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOpus(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = UnsafeRawBufferPointer(start: data, count: size)
  guard let first = input.first else { return 0 }
  let packet = UnsafeRawBufferPointer(rebasing: input.dropFirst())
  number &+= 1
  let stream = streams[number % streams.count]
  let before = stream.counts
  var samples = 0
  var made = 0
  stream.decode(packet, lost: Int(first % 8 == 7 ? first : 0)) { output in
    guard case .samples(let piece, let isConcealed) = output else { return }
    // Every sample is read.
    for sample in piece { samples &+= sample == 0 ? 1 : 1 }
    if isConcealed { made += piece.count }
  }
  let most = stream.sampleRate * OpusPacket.maximumMilliseconds / 1000
  precondition(samples - made <= most, "a packet gave more than 120 ms")
  precondition(made <= 3 * most, "more was made up than is allowed")
  precondition(
    stream.counts.packets + stream.counts.damaged == before.packets + before.damaged + 1,
    "a packet was neither decoded nor damaged")
  return 0
}
