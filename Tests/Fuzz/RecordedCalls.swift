// A fuzz target for libFuzzer: what a recorded call's folder holds, as text and as audio, and a recording's timeline.
// Built and run by Scripts/fuzz, together with the readers of recorded calls.

import AudioCodecs

/// What the writer gives for a call reads as that call, but for its name where the folder's stood in for it.
private func checkWriting(_ call: RecordedCall) {
  let written = Array(call.yaml.utf8)
  guard written.count <= RecordedCall.maximumBytes else { return }
  do {
    let again = try RecordedCall(text: written, file: "x.call/call.yaml")
    precondition(again == call, "a call changed on the way: \(call) is \(again)")
  } catch {
    preconditionFailure("a call that was written is refused: \(error)")
  }
}

/// A line is an entry: its milliseconds, its name, and words `key=value`, which are numbers where they can be.
private func entry(_ line: Substring) -> TimelineEntry? {
  let parts = line.split(separator: " ", maxSplits: 16)
  guard parts.count >= 2, let time = Int(parts[0]) else { return nil }
  var entry = TimelineEntry(String(parts[1]), at: time)
  for part in parts.dropFirst(2) {
    let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
    guard pair.count == 2 else { continue }
    if let number = Int(pair[1]) { entry.numbers[pair[0]] = number } else { entry.words[pair[0]] = pair[1] }
  }
  return entry
}

/// libFuzzer calls this for every input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRecordedCalls(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: size))
  if let call = try? RecordedCall(text: input, file: "x.call/call.yaml") { checkWriting(call) }
  // A file's samples are as many as its bytes are, and those of a stretch lie within it.
  if let wav = try? WAVFile(parsing: input) { precondition(wav.audio.count <= input.count) }
  let entries = String(decoding: input, as: UTF8.self).split(separator: "\n", maxSplits: 256).compactMap(entry)
  guard !entries.isEmpty else { return 0 }
  var loudness = LoudnessCurve(sampleRate: 8000)
  loudness.add((0..<8000).map { $0 / 800 % 2 == 0 ? Int16(truncatingIfNeeded: $0 * 31) : 0 })
  var options = RecordedCallOptions()
  options.keepsKeys = true
  options.expectsAnswers = size % 2 == 0
  var call = RecordedCall(name: "call", timeline: entries, loudness: loudness, options: options)
  call.callerAudio = "caller.wav"
  checkWriting(call)
  return 0
}
