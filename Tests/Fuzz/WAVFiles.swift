// A fuzz target for libFuzzer: WAV files, of the kinds that are taken as they are and of all that are converted. Built and
// run by Scripts/fuzz.

import AudioCodecs

/// libFuzzer calls this for every input: one file.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzWAVFile(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: size))
  if let kind = AudioFileKind(of: bytes) { precondition(!kind.advice.isEmpty) }
  let foreign = try? ForeignWAVFile(parsing: bytes)
  if let foreign {
    precondition(foreign.samples.count <= bytes.count, "more samples than bytes")
    // Another rate makes a file neither longer nor shorter, in seconds.
    if let samples = try? foreign.samples(at: 8000) {
      let length = (foreign.samples.count * 8000 + foreign.sampleRate / 2) / foreign.sampleRate
      precondition(samples.count == length, "\(samples.count) of \(length) samples")
    }
    let channels = (try? ForeignWAVFile.channels(parsing: bytes, sampleRate: 8000)) ?? []
    precondition((1...8).contains(channels.count) && Set(channels.map(\.count)).count == 1, "channels of two lengths")
  }
  guard let file = try? WAVFile(parsing: bytes) else { return 0 }
  precondition(file.audio.count <= bytes.count && file.audio.count % file.format.encoding.bytesPerSample == 0)
  precondition(file.duration >= 0)
  // What is written is read again as it was; and both readers hear the same.
  guard let again = try? WAVFile(parsing: file.bytes) else { fatalError("what was written is not read") }
  precondition(again == file, "a file changed on the way")
  precondition(foreign?.samples == file.samples, "two readers hear two files")
  return 0
}
