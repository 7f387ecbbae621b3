public import AudioCodecs
import Basics
import Glibc
import WebexProtocol
public import YAMLReading

/// Folders of recorded calls, as they are read for a run.
public enum CallFolder {
  /// The most calls of a run.
  public static let maximumCalls = 1000
  /// The most speech of all calls of a run.
  public static let maximumSpeech: Duration = .seconds(4 * 3600)

  /// Whether a path is a recorded call's folder, or a folder of such.
  public static func isFolder(_ path: String) -> Bool { BoundedFile.isFolder(path) }

  /// The folders of recorded calls that a path stands for: itself, or those in it, in the order of their names.
  public static func calls(at path: String) throws(ConfigurationError) -> [String] {
    if isCall(path) { return [path] }
    let names = BoundedFile.names(in: path, mostEntries: 100_000) ?? []
    let found = names.filter { !$0.hasPrefix(".") }.map { path + "/" + $0 }.filter(isCall)
    guard (1...maximumCalls).contains(found.count) else {
      throw ConfigurationError([
        found.isEmpty
          ? .init(
            .wholeFile(path), "there is no recorded call in this folder",
            "a call is a folder with a \(RecordedCall.fileName); `patchbay recording export --format call` makes one")
          : .init(.wholeFile(path), "\(found.count) calls are in this folder", "give at most \(maximumCalls)")
      ])
    }
    return found
  }

  private static func isCall(_ path: String) -> Bool {
    access(path + "/" + RecordedCall.fileName, F_OK) == 0
  }

  /// Reads a call and its audio.
  ///
  /// - Parameters:
  ///   - format: how audio goes on the wire.
  ///   - standIn: said where the words were not kept, at 8,000 Hz.
  public static func read(
    _ folder: String, format: AudioFormat, standIn: [Int16]
  ) throws(ConfigurationError) -> CallScript {
    try script(of: try RecordedCall(folder: folder), in: folder, format: format, standIn: standIn)
  }

  /// Reads the audio of a call whose files lie in a folder. As ``read(_:format:standIn:)``.
  ///
  /// - Parameter file: what says what is done, for messages; `nil` is the folder's ``RecordedCall/fileName``.
  package static func script(
    of call: RecordedCall, in folder: String, file: String? = nil, format: AudioFormat, standIn: [Int16]
  ) throws(ConfigurationError) -> CallScript {
    var reader = ClipReader(folder: folder, call: call, file: file, format: format, standIn: standIn)
    var steps: [CallStep] = []
    for (index, turn) in call.turns.enumerated() { steps.append(try reader.step(turn, number: index + 1)) }
    return CallScript(call, steps: steps, clips: reader.clips, standIns: reader.standIns, format: format)
  }

  /// What is said in each turn of a call, as it was recorded; `nil` where nothing is said or the words were not kept.
  package static func words(of call: RecordedCall, in folder: String) throws(ConfigurationError) -> [WAVFile?] {
    var reader = ClipReader(folder: folder, call: call, file: nil, format: .telephone, standIn: [])
    var words: [WAVFile?] = []
    for (index, turn) in call.turns.enumerated() {
      switch turn.act {
      case .say(.file(let name)): words.append(try reader.wav(name))
      case .say(.stretch(let range)): words.append(try reader.stretch(range, number: index + 1).wav)
      default: words.append(nil)
      }
    }
    return words
  }
}

/// Makes steps of turns, and clips of the files in a call's folder; each file is read once.
private struct ClipReader {
  let folder: String
  let call: RecordedCall
  let file: String?
  let format: AudioFormat
  let standIn: [Int16]
  var clips: [SpokenClip] = []
  var standIns = 0
  private var files: [String: WAVFile] = [:]
  private var whole: [String: Int] = [:]

  init(folder: String, call: RecordedCall, file: String?, format: AudioFormat, standIn: [Int16]) {
    self.folder = folder
    self.call = call
    self.file = file
    self.format = format
    self.standIn = standIn
  }

  mutating func step(_ turn: RecordedTurn, number: Int) throws(ConfigurationError) -> CallStep {
    switch turn.act {
    case .say(let words): return .speak(clip: try clip(words, number: number))
    case .press(let keys):
      standIns += keys.count { $0 == nil }
      return .press(keys.map { $0 ?? .one })
    case .stayQuiet: return .stayQuiet
    case .custom(let name): return .custom(name: name, parameters: [:])
    case .wait(let time): return .wait(time)
    case .hangUp: return .hangUp
    case .vanish: return .vanish
    }
  }

  private mutating func clip(_ words: RecordedTurn.Words, number: Int) throws(ConfigurationError) -> Int {
    switch words {
    case .file(let name):
      if let known = whole[name] { return known }
      let index = try add(name, try wav(name), name)
      whole[name] = index
      return index
    case .stretch(let range):
      let (file, piece) = try stretch(range, number: number)
      return try add(file, piece, "turn \(number)")
    case .masked(let length):
      standIns += 1
      let wanted = max(1, length.wholeMicroseconds / 125)
      var samples: [Int16] = []
      while samples.count < wanted, !standIn.isEmpty { samples += standIn.prefix(wanted - samples.count) }
      let wav = WAVFile(samples: samples, format: AudioFormat(encoding: .linear16, sampleRate: 8000))
      return try add(call.name, wav, "turn \(number) (masked)")
    }
  }

  /// A stretch of the caller's side, and its file.
  mutating func stretch(
    _ range: Range<Duration>, number: Int
  ) throws(ConfigurationError) -> (file: String, wav: WAVFile) {
    guard let file = call.callerAudio else { throw problem(call.name, "names no file of the caller's side") }
    let whole = try wav(file)
    let rate = whole.format.bytesPerSecond
    let end = range.upperBound.wholeMilliseconds * rate / 1000
    let size = whole.format.encoding.bytesPerSample
    let start = range.lowerBound.wholeMilliseconds * rate / 1000 / size * size
    guard start < whole.audio.count else {
      throw problem(file, "ends before turn \(number) begins; it is \(whole.duration) ms long")
    }
    return (file, WAVFile(format: whole.format, audio: Array(whole.audio[start..<min(end, whole.audio.count)])))
  }

  private mutating func add(_ file: String, _ wav: WAVFile, _ name: String) throws(ConfigurationError) -> Int {
    guard !wav.audio.isEmpty else { throw problem(file, "holds no audio") }
    let spoken = clips.reduce(Duration.zero) { $0 + $1.length } + .milliseconds(wav.duration)
    guard spoken <= RecordedCall.longest else { throw problem(file, "makes the call's speech longer than an hour") }
    do throws(AudioError) {
      clips.append(try SpokenClip(name: name, wav: wav, format: format, frameLength: call.frameLength))
    } catch { throw problem(file, "cannot be said: \(error)") }
    return clips.count - 1
  }

  mutating func wav(_ name: String) throws(ConfigurationError) -> WAVFile {
    if let known = files[name] { return known }
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try BoundedFile.read(folder + "/" + name, maximum: WAVFile.maximumBytes)
    } catch { throw problem(name, error.problem) }
    do throws(AudioError) {
      let file = try WAVFile(parsing: bytes)
      files[name] = file
      return file
    } catch { throw problem(name, "is not fit: \(error)") }
  }

  private func problem(_ file: String, _ text: String) -> ConfigurationError {
    ConfigurationError(
      .wholeFile("\(folder)/\(file)"), text,
      "look at \(self.file ?? "\(folder)/\(RecordedCall.fileName)"), which names it")
  }
}
