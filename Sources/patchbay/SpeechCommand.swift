import ArgumentParser
import AudioCodecs
import Glibc
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
        Reads raw 8 kHz mu-law from standard input and prints a line of JSON for each decision, as it is made:
        {"event":"start"|"end","ms":N,"at":M}, where N is the time of the decision and M the time at which the speech \
        began or stopped, in milliseconds of the audio.

        VAD_END_SILENCE_MS (100 to 10000, default 700) is the silence that ends speech, VAD_MIN_SPEECH_MS (20 to 1000, \
        default 100) the speech that it takes to begin.
        """)

    func run() throws {
      var settings = EndpointingSettings()
      settings.endSilence = try milliseconds("VAD_END_SILENCE_MS", in: 100...10_000, default: settings.endSilence)
      settings.minimumSpeech = try milliseconds("VAD_MIN_SPEECH_MS", in: 20...1000, default: settings.minimumSpeech)
      let speech = CallerSpeech(detector: try WebRTCDetector(), settings: settings)
      var buffer = [UInt8](repeating: 0, count: 4096)
      while true {
        let count = buffer.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress, $0.count) }
        if count < 0 {
          if errno == EINTR { continue }
          throw StandardInputError(code: errno)
        }
        guard count > 0 else { break }
        // Raw audio: every byte is a sample, whatever it looks like.
        let samples = AudioEncoding.mulaw.decode(buffer[..<count])
        samples.withUnsafeBufferPointer { speech.process($0, Self.report) }
      }
      speech.finish(Self.report)
    }

    private static func report(_ output: CallerSpeech.Output) {
      guard case .decision(let decision) = output else { return }
      switch decision {
      case .started(let at, let decidedAt): print(#"{"event":"start","ms":\#(decidedAt),"at":\#(at)}"#)
      case .ended(let at, let decidedAt, _): print(#"{"event":"end","ms":\#(decidedAt),"at":\#(at)}"#)
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

/// Standard input could not be read.
private struct StandardInputError: Error, CustomStringConvertible {
  let code: Int32
  var description: String { "Standard input could not be read: \(String(cString: strerror(code)))." }
}
