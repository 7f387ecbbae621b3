// A fuzz target for libFuzzer: the caller's audio of a call as it comes in pieces, whatever they say of their encoding and
// rate. Built and run by Scripts/fuzz.

import AudioCodecs

// One fuzzing thread uses it.
nonisolated(unsafe) private let scratch = SampleScratch()
private let encodings: [AudioEncoding?] = [nil, .linear16, .mulaw, .alaw]
private let rates = [0, 8_000, 16_000, 44_100, 48_000, 11_025, 7_999, 24_000]

/// libFuzzer calls this for every input: a byte of options; then pieces, each with its length in steps of eight bytes and
/// what it states.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzCallerAudio(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  var rest = UnsafeRawBufferPointer(start: data, count: size)[...]
  guard let options = rest.popFirst() else { return 0 }
  let decoder = CallerAudioDecoder(keepsRate: options & 1 == 1)
  var given = 0
  var taken = 0
  var pieces = 0
  while let length = rest.popFirst(), let statement = rest.popFirst() {
    // Odd lengths too, or no sample would be split.
    let piece = rest.prefix(Int(length) * (options & 2 == 2 ? 8 : 1))
    rest = rest.dropFirst(piece.count)
    pieces += 1
    let bytes = UnsafeRawBufferPointer(rebasing: piece)
    guard
      let samples = try? decoder.decode(
        bytes, encoding: encodings[Int(statement & 3)], sampleRate: rates[Int(statement >> 2 & 7)], into: scratch)
    else { break }
    given += samples.count
    taken += bytes.count
    precondition(samples.count <= taken, "more samples than bytes came")
    precondition(!decoder.givesWholeCodes || samples.count == bytes.count, "whole codes that are not whole")
    precondition([8_000, 16_000].contains(decoder.sampleRate) || options & 1 == 1)
    // Every sample is read.
    precondition(samples.reduce(into: 0) { sum, sample in sum += Int(sample) == 40_000 ? 1 : 0 } == 0)
  }
  precondition(decoder.counts.chunks == pieces)
  precondition(decoder.counts.formatChanges <= CallerAudioDecoder.maximumFormatChanges)
  decoder.finish()
  precondition(decoder.counts.samples >= given)
  return 0
}
