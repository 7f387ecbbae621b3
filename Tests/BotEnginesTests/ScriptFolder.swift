import AudioCodecs
import Foundation

@testable import BotEngines

/// A folder of scripts and sounds for one test, removed with it.
final class ScriptFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("script-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and returns its path.
  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = "\(path)/\(name)"
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }

  /// Writes a WAV file and returns its audio as mu-law at 8,000 Hz.
  @discardableResult
  func writeSound(
    _ name: String, milliseconds: Int, format: AudioFormat = .telephone, period: Int = 16
  ) throws -> [UInt8] {
    let samples = (0..<milliseconds * format.sampleRate / 1000).map {
      Int16(clamping: ($0 * 1500) % (period * 1500) - period * 750)
    }
    let file = WAVFile(samples: samples, format: format)
    try write(name, file.bytes)
    return format == .telephone ? file.audio : AudioEncoding.mulaw.encode(try file.samples(at: 8000))
  }

  /// An engine for a script in this folder.
  func engine(_ text: String) throws -> ScriptedEngine {
    try ScriptedEngine(script: try write("script.yaml", Array(text.utf8)))
  }

  /// What is wrong with a script in this folder, without its path.
  func problems(_ text: String) -> [String] { problems(Array(text.utf8)) }

  func problems(_ text: [UInt8]) -> [String] {
    do {
      _ = try ScriptedEngine(text: text, path: "\(path)/script.yaml")
      return []
    } catch {
      return error.problems.map {
        $0.description.replacingOccurrences(of: "\(path)/script.yaml:", with: "")
          .replacingOccurrences(of: "\(path)/", with: "")
      }
    }
  }
}
