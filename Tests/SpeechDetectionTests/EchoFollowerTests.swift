import AudioCodecs
import Glibc
import Testing

@testable import SpeechDetection

/// A line on which a prompt comes back, and what is made of it.
private struct EchoLine {
  /// Samples at 8,000 Hz.
  var samples: [Int16]
  let prompt: [UInt8]

  /// A line of so much noise, in dBFS, and a prompt that plays from its first sample on.
  init(prompt: [Int16], noise level: Double = -72, seconds: Int = 8) {
    self.prompt = AudioEncoding.mulaw.encode(prompt)
    samples = noise(level, samples: seconds * 8000, seed: 5)
  }

  /// Samples are heard beside what is there already, so much softer, in dB.
  mutating func add(_ more: ArraySlice<Int16>, softer: Double, at begin: Int) {
    let factor = pow(10, -softer / 20)
    for (offset, sample) in more.enumerated() where begin + offset < samples.count {
      let sum = Double(samples[begin + offset]) + factor * Double(sample)
      samples[begin + offset] = Int16(clamping: Int(sum))
    }
  }

  /// What a detector decides within the prompt, with 300 ms of minimum speech, through mu-law.
  func decisions(
    sampleRate: Int = 8000, follows: Bool = true, chunk: Int = 160, jitter: (Int) -> Int = { _ in 0 }
  ) throws -> (starts: [Int], delays: [Int?]) {
    let pipeline = CallerSpeech(
      detector: try RecurrentDetector(sampleRate: sampleRate), settings: EndpointingSettings(minimumSpeech: 300))
    let echo = try EchoFollower()
    if follows { pipeline.echo = echo }
    var line = AudioEncoding.mulaw.decode(AudioEncoding.mulaw.encode(samples))
    if sampleRate == 16_000 { line = try Resampler.resample(line, from: 8000, to: 16_000) }
    // A server's clock is at any time when a call begins.
    let began = Duration.seconds(1000)
    echo.play(prompt[...], at: began)
    var starts: [Int] = []
    var delays: [Int?] = []
    let perMillisecond = sampleRate / 1000
    for (index, begin) in stride(from: 0, to: line.count - chunk * perMillisecond / 8, by: chunk * perMillisecond / 8)
      .enumerated()
    {
      let end = begin + chunk * perMillisecond / 8
      let milliseconds = end / perMillisecond
      pipeline.isPromptPlaying = milliseconds < prompt.count / 8
      line.withUnsafeBufferPointer {
        pipeline.process(
          UnsafeBufferPointer(rebasing: $0[begin..<end]), now: began + .milliseconds(milliseconds + jitter(index))
        ) { output in
          if case .decision(.started(_, let decided)) = output { starts.append(decided) }
        }
      }
      delays.append(echo.isFollowing ? echo.delay : nil)
    }
    return (starts, delays)
  }
}

@Suite(
  "The echo of a prompt",
  .enabled(if: !RecordedSpeech.all.isEmpty, "needs the recordings of asterisk-core-sounds-en-wav"))
struct EchoFollowerTests {
  /// Six seconds that somebody says.
  private static func spoken(_ index: Int, count: Int = 48_000) -> [Int16] {
    var samples: [Int16] = []
    var next = index
    while samples.count < count {
      let recording = RecordedSpeech.withoutPauses[next % RecordedSpeech.withoutPauses.count]
      samples += recording.samples[(recording.speech.lowerBound * 8)..<(recording.speech.upperBound * 8)]
      samples += [Int16](repeating: 0, count: 1200)
      next += 7
    }
    return Array(samples.prefix(count))
  }

  @Test("Its delay is found within half a second, and nothing begins", arguments: [100, 300, 600])
  func found(delay: Int) throws {
    for softer in [15.0, 25, 35] {
      let prompt = Self.spoken(Int(softer))
      var line = EchoLine(prompt: prompt)
      line.add(prompt[...], softer: softer, at: delay * 8)
      let (starts, delays) = try line.decisions()
      #expect(starts.isEmpty, "\(softer) dB softer")
      let settled = delays[(delay / 20 + 25)..<300]
      let right = settled.filter { $0.map { abs($0 - delay) <= 20 } ?? false }
      #expect(right.count * 10 > settled.count * 9, "\(softer) dB softer")
      #expect(delays.last == .some(nil), "nothing plays any more")
    }
  }

  @Test("A delay that jumps is followed", arguments: [100, -100])
  func jump(by change: Int) throws {
    let prompt = Self.spoken(3)
    var line = EchoLine(prompt: prompt)
    line.add(prompt[..<24_000], softer: 20, at: 300 * 8)
    line.samples.replaceSubrange((24_000 + min(300, 300 + change) * 8)..., with: noise(-72, samples: 0))
    line.samples += noise(-72, samples: 64_000 - line.samples.count)
    line.add(prompt[24_000...], softer: 20, at: 24_000 + (300 + change) * 8)
    let (starts, delays) = try line.decisions()
    #expect(starts.isEmpty)
    #expect(delays[140].map { abs($0 - 300) <= 20 } == true)
    #expect(delays[200].map { abs($0 - 300 - change) <= 20 } == true)
  }

  @Test("Who speaks over it is heard, at 8 and at 16 kHz", arguments: [8000, 16_000])
  func doubleTalk(sampleRate: Int) throws {
    for index in 0..<4 {
      let prompt = Self.spoken(index)
      var line = EchoLine(prompt: prompt)
      line.add(prompt[...], softer: 20, at: 200 * 8)
      line.add(Self.spoken(40 + index, count: 12_000)[...], softer: 12, at: 24_000)
      let (starts, _) = try line.decisions(sampleRate: sampleRate)
      #expect(starts.first.map { (3100...3800).contains($0) } == true, "\(starts)")
    }
  }

  @Test("A line without an echo has none, with and without a caller, and silence has none")
  func none() throws {
    for index in 0..<4 {
      let prompt = Self.spoken(index)
      var line = EchoLine(prompt: prompt, noise: index.isMultiple(of: 2) ? -72 : -45)
      let quiet = try line.decisions()
      #expect(quiet.starts.isEmpty && quiet.delays.allSatisfy { $0 == nil })
      line.add(Self.spoken(40 + index, count: 16_000)[...], softer: 12, at: 16_000)
      let spoken = try line.decisions()
      let before = try line.decisions(follows: false)
      #expect(spoken.delays.filter { $0 != nil }.count < 15, "what a caller says is no echo of the prompt")
      guard let first = before.starts.first else { continue }
      #expect(spoken.starts.first.map { $0 <= first + 200 } == true, "\(before.starts) \(spoken.starts)")
    }
    let silent = EchoLine(prompt: [Int16](repeating: 0, count: 40_000))
    let (starts, delays) = try silent.decisions()
    #expect(starts.isEmpty && delays.allSatisfy { $0 == nil })
  }

  @Test("An echo that is clipped and loud is an echo")
  func clipped() throws {
    let prompt = Self.spoken(9)
    var line = EchoLine(prompt: prompt)
    line.add(prompt[...], softer: -6, at: 250 * 8)
    for index in line.samples.indices { line.samples[index] = min(max(line.samples[index], -6000), 6000) }
    #expect(try line.decisions().starts.isEmpty)
  }

  @Test("Frames that are late, come in bunches or in odd pieces do not lose it")
  func jitter() throws {
    let prompt = Self.spoken(5)
    var line = EchoLine(prompt: prompt)
    line.add(prompt[...], softer: 20, at: 200 * 8)
    for (chunk, lateness) in [(160, { $0 % 5 * 17 }), (160, { (4 - $0 % 5) * 20 }), (56, { $0 % 7 * 5 })]
      as [(Int, (Int) -> Int)]
    {
      let (starts, delays) = try line.decisions(chunk: chunk, jitter: lateness)
      #expect(starts.isEmpty)
      let settled = delays[(delays.count / 5)..<(delays.count * 7 / 10)]
      #expect(settled.filter { $0 != nil }.count * 10 > settled.count * 9)
    }
  }

  @Test("A server that hears nothing for seconds and then all at once does not take what it said for a caller")
  func lateness() throws {
    for delay in [100, 600] {
      let prompt = Self.spoken(5)
      var line = EchoLine(prompt: prompt)
      line.add(prompt[...], softer: 15, at: delay * 8)
      // It catches up at once, falls behind slowly before that, and catches up slowly.
      for lateness in [
        { 100 <= $0 && $0 < 200 ? (200 - $0) * 20 : 0 },
        { 100 <= $0 && $0 < 275 ? min(2000, ($0 - 100) * 40, (275 - $0) * 20) : 0 },
        { 100 <= $0 && $0 < 300 ? min(2000, (300 - $0) * 10) : 0 },
      ] as [(Int) -> Int] {
        let (starts, delays) = try line.decisions(jitter: lateness)
        #expect(starts.isEmpty)
        let right = delays[80..<280].filter { $0.map { abs($0 - delay) <= 20 } ?? false }
        #expect(right.count > 180, "\(right.count) of 200 frames after \(delay) ms")
      }
    }
  }

  @Test("A line with a gap is heard where it goes on, a second later at most")
  func gap() throws {
    let prompt = Self.spoken(6)
    var line = EchoLine(prompt: prompt)
    line.add(prompt[...], softer: 20, at: 200 * 8)
    // 400 ms of it never come.
    line.samples.removeSubrange(20_000..<23_200)
    let (_, delays) = try line.decisions(jitter: { $0 < 125 ? 0 : 400 })
    let right = delays[230..<280].filter { $0.map { abs($0 - 200) <= 20 } ?? false }
    #expect(right.count > 40)
  }
}
