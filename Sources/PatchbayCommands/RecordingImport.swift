import ArgumentParser
import AudioCodecs
import Basics
import Foundation
import ReplayKit
import Recordings

/// How recorded calls are made.
struct RecordedCallArguments: ParsableArguments {
  @Flag(help: "Keep keys that callers pressed, where the recording has them; or else they are masked.")
  var keepDigits = false

  @Flag(help: "Have the call expect answers as they were: there, and not much later.")
  var expect = false

  var options: RecordedCallOptions {
    var options = RecordedCallOptions()
    options.keepsKeys = keepDigits
    options.expectsAnswers = expect
    return options
  }
}

extension RecordedCallWriter {
  /// Makes the folder `ID.call` of a recording.
  static func export(
    _ entry: RecordingArchive.Entry, of archive: RecordingArchive, to folder: String, _ options: RecordedCallOptions
  ) throws -> String {
    let (details, events) = try archive.timeline(of: entry)
    guard details.kind == "call", details.channels.count == 2 else {
      throw CommandError("\(entry.id) is a recording of a \(details.kind); only calls can be replayed.")
    }
    let writer = try RecordedCallWriter(
      folder: "\(folder)/\(entry.id).call", sampleRate: details.sampleRate, hasAgent: true)
    var failure: (any Error)?
    try archive.samples(of: entry) { samples throws(RecordingError) in
      guard failure == nil else { return }
      do { try writer.add(samples) } catch { failure = error }
    }
    if let failure { throw failure }
    let entries = events.map {
      TimelineEntry($0.name, at: $0.milliseconds, numbers: $0.numbers, words: $0.words)
    }
    let call = RecordedCall(
      name: entry.id, timeline: entries, loudness: writer.loudness, options: options)
    try writer.finish(call, timeline: try archive.timelineObject(of: entry, keepsKeys: options.keepsKeys))
    return writer.folder
  }
}

extension RecordingCommand {
  /// `patchbay recording import`.
  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes a recorded call of WAV files: what `patchbay replay` plays.",
      discussion: """
        One file with two channels has the caller left and the agent right; two files have one side each, the caller's \
        first, on the same clock; one file with one channel has the caller only. Each stretch of the caller's speech is a \
        turn, which begins as long after the agent's prompt, or into it, as in the recording. The folder's call.yaml is \
        text, for keys, events and expectations to be added.
        """)

    @Argument(help: ArgumentHelp("One or two WAV files.", valueName: "file.wav"))
    var files: [String]

    @Option(help: ArgumentHelp("The folder to make; it may not be there.", valueName: "folder"))
    var to: String

    @Option(help: ArgumentHelp("Silence of the caller that ends a turn.", valueName: "ms"))
    var pause = 1000

    @OptionGroup var arguments: RecordedCallArguments

    func validate() throws {
      try require((1...2).contains(files.count), "Name one WAV file, or two.")
      try require((200...10_000).contains(pause), "--pause is 200 to 10000 ms.")
    }

    func run() throws {
      let sides = try files.flatMap(Self.channels)
      guard sides.count <= 2, let caller = sides.first else {
        throw CommandError(
          "\(files.joined(separator: " and ")) have over two channels; one is the caller's, one the agent's.")
      }
      let writer = try RecordedCallWriter(folder: to, sampleRate: 8000, hasAgent: sides.count == 2)
      if sides.count == 2 {
        let agent = sides[1]
        let count = max(caller.count, agent.count)
        for start in stride(from: 0, to: count, by: 8000) {
          try writer.add(
            (start..<min(count, start + 8000)).flatMap {
              [$0 < caller.count ? caller[$0] : 0, $0 < agent.count ? agent[$0] : 0]
            })
        }
      } else {
        try writer.add(caller)
      }
      let name = RecordedCall.folderName(of: to + "/" + RecordedCall.fileName)
      let call = RecordedCall(
        name: name, caller: writer.loudness, agent: sides.count == 2 ? writer.agentLoudness : nil, pause: pause,
        options: arguments.options)
      guard !call.turns.isEmpty else { throw CommandError("\(files[0]) has no speech of a caller.") }
      try writer.finish(call, timeline: nil)
      print("\(to): \(call.turns.count) turn\(call.turns.count == 1 ? "" : "s")")
    }

    /// The channels of a file, at 8,000 samples a second.
    private static func channels(_ file: String) throws -> [[Int16]] {
      let bytes = try BoundedFile.read(file, maximum: 2 * WAVFile.maximumBytes, allowsPipes: true)
      do throws(AudioError) { return try ForeignWAVFile.channels(parsing: bytes, sampleRate: 8000) } catch {
        throw CommandError("\(file): \(error)")
      }
    }
  }
}
