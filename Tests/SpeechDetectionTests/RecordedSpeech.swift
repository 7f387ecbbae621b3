import AudioCodecs
import Glibc

/// Recorded human speech, where the system has it (Debian's asterisk-core-sounds-en-wav), and where in it somebody
/// speaks: found by energy alone, independent of the detector.
struct RecordedSpeech: Sendable, CustomStringConvertible {
  let name: String
  let samples: [Int16]
  /// Where speech begins and ends, in milliseconds.
  let speech: Range<Int>
  /// The longest pause within, in milliseconds.
  let longestPause: Int

  var description: String { name }

  private static let folders = [
    "/usr/share/asterisk/sounds/en_US_f_Allison", "/usr/share/asterisk/sounds/en",
    "/usr/local/share/asterisk/sounds/en", "/var/lib/asterisk/sounds/en",
  ]

  /// All recordings longer than half a second and shorter than the longest utterance; empty where there are none.
  static let all: [RecordedSpeech] = {
    for folder in folders {
      let recordings = files(in: folder).compactMap { name in load(folder + "/" + name, name: name) }
      if !recordings.isEmpty { return recordings }
    }
    return []
  }()

  /// Those without a pause as long as the end silence nearly.
  /// One in three, for what is tried in many variants.
  static let sample = all.enumerated().filter { $0.offset.isMultiple(of: 3) }.map(\.element)
  static let withoutPauses = all.filter { $0.longestPause <= 500 }

  private static func files(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      // Not speech: tones, and sound effects.
      let isSound = ["beep", "tone", "monkeys", "confbridge-join", "confbridge-leave", "-in.", "-out."]
        .contains { name.contains($0) }
      if name.hasSuffix(".wav"), !isSound { names.append(name) }
    }
    return names.sorted()
  }

  private static func load(_ path: String, name: String) -> RecordedSpeech? {
    guard let file = fopen(path, "rb") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    guard let wav = try? WAVFile(parsing: bytes), wav.format.sampleRate == 8000, (500...55_000).contains(wav.duration)
    else {
      return nil
    }
    return RecordedSpeech(name: name, samples: wav.samples)
  }

  /// Speech is what is within 35 dB of the loudest 10 ms, and above -50 dBFS.
  private init?(name: String, samples: [Int16]) {
    let levels = stride(from: 0, through: samples.count - 80, by: 80).map {
      Level(of: Array(samples[$0..<$0 + 80])).rms
    }
    guard let loudest = levels.max() else { return nil }
    let threshold = max(loudest - 35, -50)
    let loud = levels.indices.filter { levels[$0] > threshold }
    guard let first = loud.first, let last = loud.last else { return nil }
    self.name = name
    self.samples = samples
    speech = (10 * first)..<(10 * (last + 1))
    longestPause = zip(loud, loud.dropFirst()).map { 10 * ($1 - $0 - 1) }.max() ?? 0
  }
}
