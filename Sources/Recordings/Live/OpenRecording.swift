import Basics
import Foundation

/// The files of one recording while it is written: on the writers' queue only, never on a call's thread.
///
/// After the first failure nothing more is written but the end, so that what is there stays good.
final class OpenRecording {
  private let audio: RecordingOutput
  private let timeline: RecordingOutput
  private let encoder: any AudioFileEncoder
  private let channels: Int
  private let sampleRate: Int
  private(set) var failure: RecordingError?
  /// Samples of a channel that are in the file, and those that should be and are not.
  private var samples = 0
  private var lost = 0
  /// What ends the audio where it can be written no further.
  private var end: [UInt8] = []

  /// Makes the files.
  init(_ details: RecordingDetails, settings: RecordingSettings) throws(RecordingError) {
    guard Organization.isFolderName(details.organization) else {
      throw RecordingError(.file, "an organization that cannot be a folder's name cannot be recorded")
    }
    let names = RecordingNames(
      directory: settings.directory, organization: details.organization, id: details.id,
      format: RecordingFormat(rawValue: details.format) ?? .wav, isSealed: settings.keys != nil)
    try Folder.make(names.folder)
    let key = try settings.keys?.current(for: details.organization)
    func sealer(_ name: String) throws(RecordingError) -> Sealer? {
      guard let key else { return nil }
      return try Sealer(key: key, organization: details.organization, name: name)
    }
    channels = details.channels.count
    sampleRate = details.sampleRate
    switch settings.format {
    case .wav: encoder = WAVEncoder(sampleRate: details.sampleRate, channels: channels)
    case .opus: encoder = try OggOpusEncoder(sampleRate: details.sampleRate, channels: channels)
    }
    timeline = try RecordingOutput(creating: names.timeline, sealer: try sealer(names.timelineName))
    do throws(RecordingError) {
      audio = try RecordingOutput(creating: names.audio, sealer: try sealer(names.audioName))
      try timeline.append(Timeline.opening(details))
      try audio.append(try encoder.begin())
    } catch {
      // Half a recording is none.
      try? Folder.remove(names.audio)
      try? Folder.remove(names.timeline)
      throw error
    }
  }

  /// Interleaved samples. Returns how many of a channel were lost because the disk took nothing more.
  func append(_ interleaved: [Int16]) -> Int {
    write(interleaved.count / channels) { () throws(RecordingError) in
      try audio.append(try encoder.encode(interleaved))
      try updateHeader()
    }
  }

  /// Silence, as many samples a channel; `isLoss` where there should have been something else. Returns how many were
  /// lost, as ``append(_:)-(Array<Int16>)`` does; what was lost before is not among them.
  func appendSilence(_ count: Int, isLoss: Bool = false) -> Int {
    if isLoss { lost += count }
    let failed = write(count) { () throws(RecordingError) in
      var left = count
      while left > 0 {
        let piece = min(left, sampleRate)
        try audio.append(try encoder.encode([Int16](repeating: 0, count: piece * channels)))
        left -= piece
      }
      try updateHeader()
    }
    guard isLoss else { return failed }
    lost -= failed
    return 0
  }

  private func write(_ count: Int, _ work: () throws(RecordingError) -> Void) -> Int {
    attempt(work)
    guard failure == nil else {
      lost += count
      return count
    }
    samples += count
    end = encoder.end()
    return 0
  }

  func append(_ event: TimelineEvent) {
    attempt { () throws(RecordingError) in try timeline.append(Timeline.event(event)) }
  }

  /// Writes the end; throws where even that failed, or something had before.
  func finish() throws(RecordingError) {
    attempt { () throws(RecordingError) in
      try audio.append(try encoder.finish())
      try updateHeader()
      try audio.finish()
    }
    if failure != nil {
      do throws(RecordingError) { try audio.finish(end, afterFailure: true) } catch {
        try? audio.finish(afterFailure: true)
      }
    }
    let closing = Timeline.Closing(
      complete: failure == nil && lost == 0, milliseconds: samples * 1000 / max(1, sampleRate),
      lost: lost * 1000 / max(1, sampleRate), reason: failure.map { $0.code.rawValue })
    try timeline.finish(Timeline.closing(closing), afterFailure: failure != nil)
    if let failure { throw failure }
  }

  /// So that the file plays wherever it ends.
  private func updateHeader() throws(RecordingError) {
    guard !audio.isSealed else { return }
    let beginning = encoder.beginning(audioBytes: max(0, audio.count - WAVEncoder.headerBytes))
    if !beginning.isEmpty { try audio.rewrite(beginning) }
  }

  private func attempt(_ work: () throws(RecordingError) -> Void) {
    guard failure == nil else { return }
    do throws(RecordingError) { try work() } catch { failure = error }
  }
}

/// The names of a recording's files: random, with nothing of the caller in them.
struct RecordingNames: Sendable, Hashable {
  let folder: String
  let audioName: String
  let timelineName: String

  init(directory: String, organization: String, id: String, format: RecordingFormat, isSealed: Bool) {
    folder = directory + "/" + organization
    let sealed = isSealed ? Self.sealedSuffix : ""
    audioName = "\(id).\(format.suffix)\(sealed)"
    timelineName = "\(id)\(Self.timelineSuffix)\(sealed)"
  }

  static let sealedSuffix = ".sealed"
  static let timelineSuffix = ".timeline.jsonl"

  var audio: String { folder + "/" + audioName }
  var timeline: String { folder + "/" + timelineName }

  /// A new id: 128 random bits in hexadecimal digits.
  static func newID() -> String {
    var generator = SystemRandomNumberGenerator()
    return generator.hexadecimalName()
  }

  static func isID(_ text: String) -> Bool {
    text.utf8.count == 32 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
  }
}
