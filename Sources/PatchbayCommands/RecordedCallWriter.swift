import AudioCodecs
import Foundation
import ReplayKit

/// Writes the folder of a recorded call: both sides as they come, then what is done. What is half written is removed.
final class RecordedCallWriter {
  let folder: String
  private let sampleRate: Int
  private var sides: [(name: String, file: FileHandle, bytes: Int)] = []
  /// How loud the caller is.
  private(set) var loudness: LoudnessCurve
  /// How loud the agent is.
  private(set) var agentLoudness: LoudnessCurve
  /// Whether the folder is to be removed with the writer: it was made here, and is not complete.
  private var isHalfWritten = false

  static let caller = "caller.wav"
  static let agent = "agent.wav"
  static let timeline = "timeline.json"

  /// Makes the folder, which may not be there, for its owner only.
  init(folder: String, sampleRate: Int, hasAgent: Bool) throws {
    self.folder = folder
    self.sampleRate = sampleRate
    loudness = LoudnessCurve(sampleRate: sampleRate)
    agentLoudness = LoudnessCurve(sampleRate: sampleRate)
    do {
      let parent = URL(fileURLWithPath: folder).deletingLastPathComponent().path
      try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    } catch { throw CommandError("\(folder) cannot be made: \(error.localizedDescription)") }
    isHalfWritten = true
    for name in hasAgent ? [Self.caller, Self.agent] : [Self.caller] {
      sides.append((name, try open(name), 0))
      try write(header(0), side: sides.count - 1)
      sides[sides.count - 1].bytes = 0
    }
  }

  deinit { if isHalfWritten { try? FileManager.default.removeItem(atPath: folder) } }

  /// Samples of the caller, or of both, the caller's first.
  func add(_ interleaved: [Int16]) throws {
    let count = sides.count
    for side in 0..<count {
      let own = stride(from: side, to: interleaved.count, by: count).map { interleaved[$0] }
      if side == 0 { loudness.add(own) } else { agentLoudness.add(own) }
      try write(AudioEncoding.linear16.encode(own), side: side)
    }
  }

  /// Writes what is done, and the timeline where there is one.
  func finish(_ call: RecordedCall, timeline: [UInt8]?) throws {
    var call = call
    call.callerAudio = Self.caller
    if sides.count > 1 { call.agentAudio = Self.agent }
    for (index, side) in sides.enumerated() {
      do {
        try side.file.seek(toOffset: 0)
        try side.file.write(contentsOf: Data(header(side.bytes)))
        try side.file.close()
      } catch { throw failure(sides[index].name, error) }
    }
    if let timeline {
      call.timeline = Self.timeline
      let file = try open(Self.timeline)
      do { try file.write(contentsOf: Data(timeline)) } catch { throw failure(Self.timeline, error) }
    }
    let file = try open(RecordedCall.fileName)
    do { try file.write(contentsOf: Data(call.yaml.utf8)) } catch { throw failure(RecordedCall.fileName, error) }
    isHalfWritten = false
  }

  private func header(_ bytes: Int) -> [UInt8] {
    WAVFile.header(format: AudioFormat(encoding: .linear16, sampleRate: sampleRate), audioBytes: bytes)
  }

  private func write(_ bytes: [UInt8], side: Int) throws {
    do { try sides[side].file.write(contentsOf: Data(bytes)) } catch { throw failure(sides[side].name, error) }
    sides[side].bytes += bytes.count
  }

  private func open(_ name: String) throws -> FileHandle {
    let path = folder + "/" + name
    guard
      FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600]),
      let file = FileHandle(forWritingAtPath: path)
    else { throw CommandError("\(path) cannot be made.") }
    return file
  }

  private func failure(_ name: String, _ error: any Error) -> CommandError {
    CommandError("\(folder)/\(name) cannot be written: \(error.localizedDescription)")
  }
}
