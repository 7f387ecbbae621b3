import AudioCodecs
import Foundation
import Testing

/// The built command, beside the tests.
private let command: String? = {
  // The test bundle is an argument of the process that runs it, or that process itself.
  let places = CommandLine.arguments + ["/proc/self/exe"]
  for place in places {
    let folder = URL(fileURLWithPath: place).resolvingSymlinksInPath().deletingLastPathComponent()
    let path = folder.appendingPathComponent("patchbay").path
    if FileManager.default.isExecutableFile(atPath: path) { return path }
  }
  return nil
}()

@Suite(.enabled(if: command != nil, "needs the built command beside the tests"))
struct SpeechCommandTests {
  private func run(
    _ input: [UInt8], _ environment: [String: String] = [:], arguments: [String] = []
  ) throws -> (lines: [String], error: String, status: Int32) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(command))
    process.arguments = ["speech", "detect"] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let (standardInput, output, error) = (Pipe(), Pipe(), Pipe())
    process.standardInput = standardInput
    process.standardOutput = output
    process.standardError = error
    try process.run()
    // Output is a few lines, far less than a pipe holds.
    if !input.isEmpty { try standardInput.fileHandleForWriting.write(contentsOf: Data(input)) }
    try standardInput.fileHandleForWriting.close()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let message = String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (text.split(separator: "\n").map(String.init), message, process.terminationStatus)
  }

  /// A line's event and times.
  private struct Line: Decodable {
    let event: String
    let ms: Int
    let at: Int
  }

  private func parse(_ lines: [String]) throws -> [Line] {
    try lines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
  }

  @Test(
    "`speech detect` prints a line of JSON for each decision, by the settings of the environment",
    .enabled(if: !RecordedSpeech.all.isEmpty))
  func decisions() throws {
    let recording = try #require(RecordedSpeech.withoutPauses.first { $0.longestPause < 150 })
    let silence = [Int16](repeating: 0, count: 16_000)
    let input = AudioEncoding.mulaw.encode(silence + recording.samples + silence)

    let usual = try run(input)
    #expect(usual.status == 0)
    let lines = try parse(usual.lines)
    #expect(lines.map(\.event) == ["start", "end"])
    // The least speech, and what the detector hears on before it judges.
    #expect(lines.first.map { (140...250).contains($0.ms - $0.at) } == true)
    #expect(lines.last.map { $0.ms - $0.at } == 700)

    let other = try parse(run(input, ["VAD_END_SILENCE_MS": "300", "VAD_MIN_SPEECH_MS": "200"]).lines)
    #expect(other.first.map { $0.ms - $0.at >= 200 } == true)
    #expect(other.last.map { $0.ms - $0.at } == 300)

    let cut = try parse(run(Array(input.prefix((2000 + recording.speech.lowerBound + 300) * 8))).lines)
    #expect(cut.map(\.event) == ["start", "end"])
    #expect(cut.last?.ms == 2000 + recording.speech.lowerBound + 300)
  }

  @Test(
    "`speech detect` reads a WAV or mu-law file as it reads standard input, and draws what it heard",
    .enabled(if: !RecordedSpeech.all.isEmpty))
  func files() throws {
    let recording = try #require(RecordedSpeech.withoutPauses.first { $0.longestPause < 150 })
    let silence = [Int16](repeating: 0, count: 16_000)
    let audio = AudioEncoding.mulaw.encode(silence + recording.samples + silence)
    let expected = try run(audio).lines
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("speech-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let raw = folder.appendingPathComponent("call.ul"), wav = folder.appendingPathComponent("call.wav")
    try Data(audio).write(to: raw)
    try Data(WAVFile(format: .telephone, audio: audio).bytes).write(to: wav)
    for file in [raw, wav] {
      let plot = folder.appendingPathComponent("plot.svg")
      let result = try run([], arguments: ["--plot", plot.path, file.path])
      #expect(result.status == 0 && result.lines == expected)
      let drawing = try String(contentsOf: plot, encoding: .utf8)
      #expect(drawing.hasPrefix("<svg") && drawing.hasSuffix("</svg>\n"))
      #expect(drawing.contains("start decided at") && drawing.contains("end decided at"))
    }
    try Data("RIFF and nothing".utf8).write(to: wav)
    #expect(try run([], arguments: [wav.path]).status == 1)
    #expect(try run([], arguments: [folder.appendingPathComponent("none").path]).status == 1)
  }

  @Test("`speech detect` of silence or nothing prints nothing")
  func silence() throws {
    for count in [0, 1, 80_000] {
      let result = try run([UInt8](repeating: 0xFF, count: count))
      #expect(result.lines.isEmpty && result.status == 0)
    }
  }

  @Test(
    "`speech detect` refuses a bad setting with exit code 64, naming it and what to write",
    arguments: ["VAD_END_SILENCE_MS", "VAD_MIN_SPEECH_MS"], ["0", "-1", "99999", "700ms", "1e3", " 700"])
  func badSettings(name: String, value: String) throws {
    let result = try run([], [name: value])
    #expect(result.status == 64)
    #expect(result.lines.isEmpty)
    #expect(result.error.contains(name) && result.error.contains("milliseconds from"))
  }
}
