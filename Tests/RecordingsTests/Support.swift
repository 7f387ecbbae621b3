import Foundation
import Logging

@testable import Recordings

/// A folder that is removed with its test.
final class ScratchFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "recordings-" + RecordingNames.newID()
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)"))) }

  func write(_ bytes: [UInt8], _ name: String, mode: Int = 0o600) throws {
    let file = "\(path)/\(name)"
    let folder = URL(fileURLWithPath: file).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
  }

  func mode(_ name: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
    return (attributes[.posixPermissions] as? NSNumber)?.intValue ?? -1
  }
}

let organization = "11111111-aaaa-4111-8111-111111111111"
let otherOrganization = "22222222-bbbb-4222-8222-222222222222"

/// One key for each organization, in memory.
struct FixedKeys: RecordingKeys {
  var keys: [String: RecordingKey] = [:]

  init() throws {
    keys[organization] = try RecordingKey(id: "first", bytes: [UInt8](repeating: 7, count: 32))
    keys[otherOrganization] = try RecordingKey(id: "first", bytes: [UInt8](repeating: 9, count: 32))
  }

  func current(for organization: String) throws(RecordingError) -> RecordingKey {
    try key("first", for: organization)
  }

  func key(_ id: String, for organization: String) throws(RecordingError) -> RecordingKey {
    guard let key = keys[organization], key.id == id else { throw RecordingError(.key, "no key \(id)") }
    return key
  }
}

extension RecordingService {
  static func make(_ folder: ScratchFolder, format: RecordingFormat = .wav, keys: (any RecordingKeys)? = nil) throws
    -> RecordingService
  {
    try RecordingService(
      settings: .init(directory: folder.path, format: format, keys: keys), log: Logger(label: "recordings"))
  }

  static let plan = RecordingPlan(organization: organization, conversation: "conversation-1", agent: "front-desk")
}

/// A tone of 20 ms frames at 8,000 Hz.
func tone(_ hertz: Double, milliseconds: Int, amplitude: Double = 8_000) -> [Int16] {
  (0..<(milliseconds * 8)).map { Int16(amplitude * sin(2 * .pi * hertz * Double($0) / 8_000)) }
}

/// The samples of one channel of a stereo WAV file of ours.
func channel(_ index: Int, of wav: [UInt8]) -> [Int16] {
  stride(from: 44 + 2 * index, to: wav.count - 1, by: 4).map {
    Int16(truncatingIfNeeded: Int(wav[$0]) | Int(wav[$0 + 1]) << 8)
  }
}
