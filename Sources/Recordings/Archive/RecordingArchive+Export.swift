import Foundation

extension RecordingArchive {
  /// Writes a recording as files that anything plays and reads: audio, unsealed, and its timeline as one JSON object.
  /// Files that are there are not written over. A recording that was cut short is exported as far as it can be played;
  /// one without audio is not.
  ///
  /// - Parameter keepsKeys: whether keys that callers pressed are exported, where the timeline has them.
  /// - Returns: the paths of the audio and of the timeline.
  public func export(
    _ entry: Entry, to folder: String, keepsKeys: Bool = false
  ) throws(RecordingError) -> (audio: String, timeline: String) {
    guard entry.state != .live else {
      throw RecordingError(.live, "\(entry.id) is being written; export it after the call")
    }
    guard let details = entry.details else {
      throw RecordingError(.damaged, "\(entry.id) cannot be read: \(entry.reason ?? "no reason")")
    }
    let length = try length(of: entry, details)
    guard length.milliseconds > 0 else {
      throw RecordingError(.empty, "\(entry.id) is empty: it holds no audio\(entry.reason.map { " (\($0))" } ?? "")")
    }
    let format = RecordingFormat(rawValue: details.format) ?? .wav
    let audioPath = "\(folder)/\(entry.id).\(format.suffix)"
    let timelinePath = "\(folder)/\(entry.id).json"
    let audio = try RecordedFile(creating: audioPath)
    do throws(RecordingError) {
      _ = try stream(
        entry.names.audio, name: entry.names.audioName, organization: entry.organization
      ) { piece throws(RecordingError) in try audio.append(piece) }
      try mend(audio, length, details)
      let content = try read(entry.names.timeline, name: entry.names.timelineName, organization: entry.organization)
      try RecordedFile(creating: timelinePath).append(try Self.object(content.bytes, keepsKeys: keepsKeys))
    } catch {
      try? Folder.remove(audioPath)
      throw error
    }
    return (audioPath, timelinePath)
  }

  /// A recording's timeline as one JSON object; without keys that callers pressed unless they are wanted.
  public func timelineObject(of entry: Entry, keepsKeys: Bool) throws(RecordingError) -> [UInt8] {
    let content = try read(entry.names.timeline, name: entry.names.timelineName, organization: entry.organization)
    return try Self.object(content.bytes, keepsKeys: keepsKeys)
  }

  private static func object(_ timeline: [UInt8], keepsKeys: Bool) throws(RecordingError) -> [UInt8] {
    guard let parsed = Timeline.parse(timeline) else {
      throw RecordingError(.damaged, "the timeline does not begin as one")
    }
    func json(_ value: some Encodable) -> Any? {
      (try? JSONEncoder().encode(value)).flatMap { try? JSONSerialization.jsonObject(with: $0) }
    }
    var object: [String: Any] = [
      "recording": json(parsed.details) ?? [:] as [String: Any],
      "events": parsed.events.compactMap { event -> Any? in
        let object = try? JSONSerialization.jsonObject(with: event)
        guard !keepsKeys, var members = object as? [String: Any] else { return object }
        members["keys"] = nil
        return members
      },
    ]
    if let closing = parsed.closing, let end = json(closing) { object["closed"] = end }
    guard
      let data = try? JSONSerialization.data(
        withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    else { throw RecordingError(.damaged, "the timeline cannot be written as JSON") }
    return Array(data) + [0x0A]
  }
}
