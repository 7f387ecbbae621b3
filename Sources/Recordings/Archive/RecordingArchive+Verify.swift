extension RecordingArchive {
  /// What a look at every byte of a recording found.
  public struct Verdict: Sendable {
    /// Whether nothing is wrong with it.
    public let isGood: Bool
    /// What was found, in a sentence.
    public let finding: String
  }

  /// Reads a recording from its first byte to its last.
  public func verify(_ entry: Entry) -> Verdict {
    switch entry.state {
    case .live: return Verdict(isGood: true, finding: "is being written")
    case .unreadable: return Verdict(isGood: false, finding: "cannot be read: \(entry.reason ?? "no reason")")
    case .interrupted:
      return Verdict(
        isGood: false, finding: "was cut short and not repaired; `patchbay recording verify --repair` does")
    case .complete, .incomplete: break
    }
    do throws(RecordingError) {
      var bytes = 0
      var beginning: [UInt8] = []
      let isWhole = try stream(
        entry.names.audio, name: entry.names.audioName, organization: entry.organization
      ) { piece throws(RecordingError) in
        if beginning.count < WAVEncoder.headerBytes { beginning += piece.prefix(WAVEncoder.headerBytes) }
        bytes += piece.count
      }
      guard isWhole else { return Verdict(isGood: false, finding: "the audio was cut: its last record is missing") }
      let timeline = try read(
        entry.names.timeline, name: entry.names.timelineName, organization: entry.organization)
      guard timeline.isWhole else {
        return Verdict(isGood: false, finding: "the timeline was cut: its last record is missing")
      }
      if let defect = Self.defect(of: beginning, audioBytes: bytes, entry) {
        return Verdict(isGood: false, finding: defect)
      }
      let how = entry.isSealed ? "every record is as it was written" : "it is whole, and not encrypted"
      guard entry.state == .complete else {
        return Verdict(isGood: true, finding: "\(how); marked incomplete: \(entry.reason ?? "audio was lost")")
      }
      return Verdict(isGood: true, finding: how)
    } catch {
      return Verdict(isGood: false, finding: error.message)
    }
  }

  private static func defect(of beginning: [UInt8], audioBytes count: Int, _ entry: Entry) -> String? {
    guard let details = entry.details else { return nil }
    switch RecordingFormat(rawValue: details.format) {
    case .opus: return beginning.starts(with: "OggS".utf8) ? nil : "the audio does not begin as an Ogg file"
    case .wav, nil:
      guard beginning.starts(with: "RIFF".utf8), count >= WAVEncoder.headerBytes else {
        return "the audio does not begin as a WAV file"
      }
      guard let milliseconds = entry.milliseconds, milliseconds >= 0, entry.state == .complete else { return nil }
      let frame = 2 * max(1, details.channels.count)
      let found = (count - WAVEncoder.headerBytes) / frame * 1000 / max(1, details.sampleRate)
      return abs(found - milliseconds) <= 1
        ? nil : "the audio has \(found) ms, and its timeline says \(milliseconds) ms"
    }
  }
}
