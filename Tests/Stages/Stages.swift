// What each stage of the audio pipeline costs, in microseconds of CPU for 20 ms of one stream. Built and run by
// Scripts/bench-stages.
import AudioCodecs
import Glibc
import SpeechDetection
import WebexProtocol

/// CPU time of this thread, in nanoseconds.
private func cpu() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// Something like a voice, at a rate.
private func voice(_ rate: Int, seconds: Double) -> [Int16] {
  var phase = 0.0
  return (0..<Int(seconds * Double(rate))).map { index in
    let time = Double(index) / Double(rate)
    phase += 2 * .pi * (120 + 25 * sin(2 * .pi * 0.7 * time)) / Double(rate)
    let level = max(0, sin(2 * .pi * 3 * time)) * (sin(2 * .pi * 0.4 * time) > -0.5 ? 1 : 0)
    return Int16(
      max(-32000, min(32000, 9000 * level * (1...8).reduce(0.0) { $0 + sin(Double($1) * phase) / Double($1) })))
  }
}

/// Runs a stage over frames often enough to measure, and prints the median of five.
private func measure(_ name: String, frames: Int, _ body: (Int) -> Void) {
  for frame in 0..<frames { body(frame) }
  let rounds = (0..<5).map { _ in
    let begin = cpu()
    var count = 0
    repeat {
      for frame in 0..<frames { body(frame) }
      count += frames
    } while cpu() - begin < 200_000_000
    return Double(cpu() - begin) / Double(count) / 1000
  }
  let text = String(Int((rounds.sorted()[2] * 100).rounded()))
  let padded = String(repeating: "0", count: max(0, 3 - text.count)) + text
  print("| \(name) | \(padded.dropLast(2)).\(padded.suffix(2)) |")
}

private final class Sum { var value = 0 }

@main
struct Stages {
  static func main() throws {
    let sum = Sum()
    print("| stage, 20 ms of one stream | µs |")
    print("| --- | --- |")
    try companded(sum)
    try resampling(sum)
    try detection(sum)
    try adaptive(sum)
    try opus(sum)
    window(sum)
    print("")
    print("(\(sum.value & 1) keeps the compiler from leaving the work out)")
  }

  private static func companded(_ sum: Sum) throws {
    let scratch = SampleScratch()
    for (encoding, rate) in [(AudioEncoding.mulaw, 8000), (.linear16, 16000), (.linear16, 48000)] {
      let bytes = encoding.encode(voice(rate, seconds: 4))
      let size = rate / 50 * encoding.bytesPerSample
      let decoder = CallerAudioDecoder(defaults: AudioFormat(encoding: encoding, sampleRate: rate))
      measure("decode: \(decoder.names.joined(separator: " → "))", frames: bytes.count / size) { frame in
        bytes.withUnsafeBytes {
          let piece = UnsafeRawBufferPointer(rebasing: $0[frame * size..<(frame + 1) * size])
          sum.value &+= (try? decoder.decode(piece, into: scratch))?.count ?? 0
        }
      }
    }
  }

  private static func resampling(_ sum: Sum) throws {
    for (from, to) in [(8000, 16000), (16000, 8000), (48000, 16000), (8000, 48000)] {
      let samples = voice(from, seconds: 4)
      let size = from / 50
      let resampler = try Resampler(from: from, to: to)
      var room: [Int16] = []
      measure("resample \(from / 1000)k → \(to / 1000)k", frames: samples.count / size) { frame in
        samples.withUnsafeBufferPointer {
          let piece = UnsafeBufferPointer(rebasing: $0[frame * size..<(frame + 1) * size])
          resampler.process(piece, in: &room) { sum.value &+= $0.count }
        }
      }
    }
  }

  private static func detection(_ sum: Sum) throws {
    for rate in [8000, 16000] {
      let samples = voice(rate, seconds: 4)
      let size = rate / 50
      let pipeline = SpeechPipeline(detector: try RecurrentDetector(sampleRate: rate))
      measure("detect speech at \(rate / 1000)k, with pre-roll and endpointing", frames: samples.count / size) {
        frame in
        samples.withUnsafeBufferPointer {
          pipeline.process(UnsafeBufferPointer(rebasing: $0[frame * size..<(frame + 1) * size])) { _ in sum.value &+= 1
          }
        }
      }
    }
  }

  /// What decides how long an end silence is, and a judge of that, whose weights cost the same whatever they are.
  private static func adaptive(_ sum: Sum) throws {
    let samples = voice(8000, seconds: 4)
    var judge = Array("patchbay turn judge 1\n".utf8)
    judge += [UInt8](repeating: 0, count: TurnJudge.weightBytes)
    for (name, judge) in [("", nil), (" and a judge", try TurnJudge(bytes: judge))] as [(String, TurnJudge?)] {
      let settings = EndpointingSettings(eagerSilence: 240, adaptive: AdaptiveSilence(), expected: .free)
      let pipeline = SpeechPipeline(detector: try RecurrentDetector(), settings: settings)
      pipeline.judge = judge
      measure("detect speech at 8k, with eager ends, an end silence that adapts\(name)", frames: samples.count / 160) {
        frame in
        samples.withUnsafeBufferPointer {
          pipeline.process(UnsafeBufferPointer(rebasing: $0[frame * 160..<(frame + 1) * 160])) { _ in sum.value &+= 1 }
        }
      }
    }
    let asked = try RecurrentDetector()
    asked.judge = try TurnJudge(bytes: judge)
    measure("ask a judge whether a turn is over", frames: 200) { _ in
      sum.value &+= (asked.judgeEnd() ?? 0) > 0.7 ? 1 : 0
    }
  }

  private static func opus(_ sum: Sum) throws {
    for rate in [8000, 16000, 48000] {
      let samples = voice(rate, seconds: 4)
      let size = rate / 50
      var settings = OpusEncoder.Settings()
      settings.errorCorrection = true
      settings.expectedLoss = 10
      let encoder = try OpusEncoder(sampleRate: rate, settings: settings)
      let packets = (0..<samples.count / size).compactMap { encoder.encode(samples[$0 * size..<($0 + 1) * size]) }
      let stream = try OpusStream(sampleRate: rate)
      measure("decode Opus at \(rate / 1000)k", frames: packets.count) { frame in
        packets[frame].withUnsafeBytes {
          stream.decode($0) { if case .samples(let s, _) = $0 { sum.value &+= s.count } }
        }
      }
      measure("decode Opus at \(rate / 1000)k, every tenth packet lost", frames: packets.count) { frame in
        if frame % 10 == 9 { return }
        packets[frame].withUnsafeBytes {
          stream.decode($0, lost: frame % 10 == 0 ? 1 : 0) { if case .samples(let s, _) = $0 { sum.value &+= s.count } }
        }
      }
      let recording = try OpusEncoder(sampleRate: rate)
      measure("encode Opus at \(rate / 1000)k", frames: packets.count) { frame in
        samples.withUnsafeBufferPointer {
          let piece = UnsafeBufferPointer(rebasing: $0[frame * size..<(frame + 1) * size])
          sum.value &+= recording.encode(piece)?.count ?? 0
        }
      }
    }
  }

  private static func window(_ sum: Sum) {
    var window = SequenceWindow<[UInt8]>()
    var number: UInt64 = 0
    let packet = [UInt8](repeating: 0, count: 80)
    measure("order packets", frames: 200) { _ in
      number += 1
      if window.arrive(number, now: .zero, copy: { packet }) == .next { sum.value &+= 1 }
    }
    number = 0
    window = SequenceWindow()
    measure("order packets, every pair swapped", frames: 200) { _ in
      number += 1
      let sent = number % 2 == 1 ? number + 1 : number - 1
      if window.arrive(sent, now: .zero, copy: { packet }) == .next { sum.value &+= 1 }
      while window.next(now: .zero) != nil { sum.value &+= 1 }
    }
  }
}
