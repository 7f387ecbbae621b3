import AudioCodecs
import Basics
import YAMLReading

/// One reading of a script: where its files are, what was loaded, what was found wrong.
final class ScriptReading: YAMLReport {
  /// The largest sound file, in bytes.
  static let maximumSoundFile = 10_000_000
  /// All sounds of a script together, in bytes of mu-law: about two hours.
  static let maximumSounds = 64_000_000

  private let folder: String
  private var sounds: [String: [UInt8]?] = [:]
  private var soundBytes = 0

  /// The script's path; sounds are found from its folder.
  init(file: String) {
    folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
  }

  /// The audio of a WAV file as mu-law at 8,000 Hz; `nil` where it cannot be used, which is reported where it is first
  /// named.
  func sound(_ path: String, at place: YAMLPlace) -> [UInt8]? {
    let path = path.hasPrefix("/") ? path : folder + path
    if let known = sounds[path] { return known }
    let sound = load(path, at: place)
    sounds[path] = .some(sound)
    return sound
  }

  private func load(_ path: String, at place: YAMLPlace) -> [UInt8]? {
    let name = path.quotedForMessage
    do throws(FileError) {
      let bytes = try BoundedFile.read(path, maximum: Self.maximumSoundFile)
      let audio = mulaw(bytes, name: name, at: place)
      guard let audio else { return nil }
      soundBytes += audio.count
      if soundBytes > Self.maximumSounds {
        report(place, "the sounds up to \(name) are over two hours long", "use shorter or fewer sounds")
        return nil
      }
      return audio
    } catch {
      report(
        place, "\(name) \(error.problem)",
        error.isTooLong ? "use a shorter sound, or 8000 Hz" : "write the path of a WAV file, from the script's folder")
      return nil
    }
  }

  private func mulaw(_ bytes: [UInt8], name: String, at place: YAMLPlace) -> [UInt8]? {
    do throws(AudioError) {
      let file = try WAVFile(parsing: bytes, maximumBytes: Self.maximumSoundFile)
      guard !file.audio.isEmpty else {
        report(place, "\(name) holds no audio", "record it anew, or leave it out")
        return nil
      }
      if file.format == .telephone { return file.audio }
      return AudioEncoding.mulaw.encode(try file.samples(at: 8000))
    } catch {
      report(place, "\(name): \(error.message)")
      return nil
    }
  }
}
