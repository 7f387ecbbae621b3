import ArgumentParser
import AudioCodecs
import Basics
import Foundation
import SpeechDetection

/// `patchbay speech`: what the server makes of a caller's speech.
struct SpeechCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "speech", abstract: "Shows how speech is found in audio.", subcommands: [Detect.self])
}

extension SpeechCommand {
  /// `patchbay speech detect`: one line for each decision, as it is made.
  struct Detect: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Tells where speech starts and ends.",
      discussion: """
        Reads raw 8 kHz mu-law from standard input, or from FILE, and prints a line of JSON for each decision, as it is \
        made: {"event":"start"|"end","ms":N,"at":M}, where N is the time of the decision and M the time at which the \
        speech began or stopped, in milliseconds of the audio. A FILE that is a WAV is read as what it is: mu-law, A-law \
        or 16-bit PCM of one channel at 8, 16, 24 or 48 kHz.

        VAD_END_SILENCE_MS (100 to 10000, default 700) is the silence that ends speech, VAD_MIN_SPEECH_MS (20 to 1000, \
        default 100) the speech that it takes to begin.

        With --adaptive the end silence follows what is known of the turn, as with `speech: {adaptive: …}`, and an end \
        has "silence", what was waited for in milliseconds, and "because".
        """)

    @Option(
      help: ArgumentHelp("Let the end silence adapt, between two bounds in milliseconds.", valueName: "MIN-MAX"),
      transform: SpeechRun.bounds)
    var adaptive: AdaptiveSilence?

    @Option(
      help: ArgumentHelp(
        "What is expected from a time on: yes_no, digits, digits:COUNT, address, free or anything. May be repeated.",
        valueName: "MS=WHAT"),
      transform: SpeechRun.expectation)
    var expect: [SpeechRun.Expectation] = []

    @Option(
      help: ArgumentHelp(
        "A judge of whether turns are over, as Scripts/speech/judge.py makes one; needs --adaptive.", valueName: "FILE")
    )
    var judge: String?

    @Option(
      help: ArgumentHelp(
        "Also print a line as speech may be over, after this silence in milliseconds, and as it goes on after all.",
        valueName: "MS"))
    var eager: Int?

    @Option(
      help: ArgumentHelp("Draw the waveform, the decisions and what they were made of, as SVG.", valueName: "SVG"))
    var plot: String?

    @Argument(help: ArgumentHelp("Raw 8 kHz mu-law or a WAV; standard input if there is none.", valueName: "FILE"))
    var file: String?

    func run() throws {
      var settings = EndpointingSettings()
      settings.endSilence = try milliseconds("VAD_END_SILENCE_MS", in: 100...10_000, default: settings.endSilence)
      settings.minimumSpeech = try milliseconds("VAD_MIN_SPEECH_MS", in: 20...1000, default: settings.minimumSpeech)
      settings.adaptive = adaptive
      settings.eagerSilence = eager
      try require(judge == nil || adaptive != nil, "--judge needs --adaptive")
      let judge = try judge.map(SpeechRun.judge)
      var plot: SpeechPlot?
      if let file {
        let (samples, sampleRate) = try Self.audio(of: file)
        var run = SpeechRun(
          try RecurrentDetector(sampleRate: sampleRate), settings, expectations: expect, judge: judge)
        if self.plot != nil { plot = SpeechPlot(title: file, detector: try RecurrentDetector(sampleRate: sampleRate)) }
        plot?.add(samples)
        run.process(samples) { Self.report($0, $1, &plot) }
        run.finish { Self.report($0, $1, &plot) }
      } else {
        var run = SpeechRun(try RecurrentDetector(), settings, expectations: expect, judge: judge)
        if self.plot != nil { plot = SpeechPlot(title: "standard input", detector: try RecurrentDetector()) }
        // What does not fill a frame of the drawing waits for the rest of it.
        var undrawn: [Int16] = []
        let input = InputFile(descriptor: STDIN_FILENO, name: "Standard input")
        while let bytes = try input.next() {
          // Raw audio: every byte is a sample, whatever it looks like.
          let samples = AudioEncoding.mulaw.decode(bytes)
          if plot != nil {
            undrawn += samples
            let whole = undrawn.count - undrawn.count % 160
            plot?.add(Array(undrawn.prefix(whole)))
            undrawn.removeFirst(whole)
          }
          run.process(samples) { Self.report($0, $1, &plot) }
        }
        run.finish { Self.report($0, $1, &plot) }
      }
      if let path = self.plot, let plot { try Self.write(plot.svg, to: path) }
    }

    /// The samples of a file, and how many a second: those that the detector hears.
    private static func audio(of path: String) throws -> (samples: [Int16], sampleRate: Int) {
      let bytes: [UInt8]
      do throws(FileError) {
        bytes = try BoundedFile.read(path, maximum: WAVFile.maximumBytes, allowsPipes: true)
      } catch {
        throw error.isTooLong ? CommandError("\(error); pipe it in as raw mu-law.") : error as any Error
      }
      guard bytes.starts(with: "RIFF".utf8) else {
        if let kind = AudioFileKind(of: bytes) {
          throw CommandError("'\(path)' cannot be heard: it is \(kind.advice).")
        }
        return (AudioEncoding.mulaw.decode(bytes), 8000)
      }
      do {
        let wav = try WAVFile(parsing: bytes)
        let rate = wav.format.sampleRate == 8000 ? 8000 : 16000
        return (try wav.samples(at: rate), rate)
      } catch {
        throw CommandError("'\(path)' cannot be heard: \(error)")
      }
    }

    private static func write(_ text: String, to path: String) throws {
      do { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) } catch {
        throw CommandError("\(path) cannot be written: \(error.localizedDescription)")
      }
    }

    private static func report(_ decision: SpeechDecision, _ silence: EndSilence?, _ plot: inout SpeechPlot?) {
      plot?.add(decision)
      switch decision {
      case .started(let at, let decidedAt): print(#"{"event":"start","ms":\#(decidedAt),"at":\#(at)}"#)
      case .paused(let at, let decidedAt): print(#"{"event":"pause","ms":\#(decidedAt),"at":\#(at)}"#)
      case .resumed(let at, let decidedAt): print(#"{"event":"resume","ms":\#(decidedAt),"at":\#(at)}"#)
      case .ended(let at, let decidedAt, _):
        let why = silence.map { #","silence":\#($0.milliseconds),"because":"\#($0.reasons.text)""# } ?? ""
        print(#"{"event":"end","ms":\#(decidedAt),"at":\#(at)\#(why)}"#)
      }
      // Lines go out one by one, into a pipe too.
      fflush(nil)
    }

    private func milliseconds(_ name: String, in range: ClosedRange<Int>, default value: Int) throws -> Int {
      guard let text = getenv(name).map({ String(cString: $0) }), !text.isEmpty else { return value }
      guard let value = Int(text), range.contains(value) else {
        throw ValidationError(
          "\(name) is '\(text)'; write a whole number of milliseconds from \(range.lowerBound) to \(range.upperBound).")
      }
      return value
    }
  }
}

/// A file that is read piece by piece.
private final class InputFile {
  private let descriptor: Int32
  private let name: String
  private var buffer = [UInt8](repeating: 0, count: 4096)

  init(descriptor: Int32, name: String) {
    self.descriptor = descriptor
    self.name = name
  }

  /// What comes next, or nil at the end.
  func next() throws -> ArraySlice<UInt8>? {
    while true {
      let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count > 0 { return buffer[..<count] }
      guard count < 0 else { return nil }
      guard errno == EINTR else { throw FileError(name, cannotBe: "read") }
    }
  }
}
