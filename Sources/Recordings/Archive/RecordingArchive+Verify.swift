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
    guard let details = entry.details else {
      return Verdict(isGood: false, finding: "cannot be read: \(entry.reason ?? "no reason")")
    }
    do throws(RecordingError) {
      let length = AudioLength(details)
      let isWhole = try stream(
        entry.names.audio, name: entry.names.audioName, organization: entry.organization
      ) { piece throws(RecordingError) in length.read(piece) }
      guard isWhole else { return Verdict(isGood: false, finding: "the audio was cut: its last record is missing") }
      let timeline = try read(
        entry.names.timeline, name: entry.names.timelineName, organization: entry.organization)
      guard timeline.isWhole else {
        return Verdict(isGood: false, finding: "the timeline was cut: its last record is missing")
      }
      if let defect = length.defect ?? Self.difference(length, entry) { return Verdict(isGood: false, finding: defect) }
      return Verdict(isGood: true, finding: Self.finding(length.milliseconds, entry))
    } catch {
      return Verdict(isGood: false, finding: error.message)
    }
  }

  private static func finding(_ milliseconds: Int, _ entry: Entry) -> String {
    let how = entry.isSealed ? "every record is as it was written" : "it is whole, and not encrypted"
    let length = milliseconds == 0 ? "it is empty: it holds no audio" : "it plays \(seconds(milliseconds))"
    guard entry.state != .complete else { return "\(length); \(how)" }
    return "\(length); \(how); marked incomplete: \(entry.reason ?? "audio was lost")"
  }

  /// Tenths of a second, without a formatter.
  private static func seconds(_ milliseconds: Int) -> String {
    "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
  }

  /// A timeline that says another length than the audio has. Opus begins with some milliseconds that are not counted.
  private static func difference(_ length: AudioLength, _ entry: Entry) -> String? {
    guard let stated = entry.milliseconds, stated >= 0 else { return nil }
    let tolerance = entry.details?.format == RecordingFormat.opus.rawValue ? 100 : 1
    return abs(length.milliseconds - stated) <= tolerance
      ? nil : "the audio has \(length.milliseconds) ms, and its timeline says \(stated) ms"
  }
}
