import Foundation

extension RecordingArchive {
  /// What a recording's timeline says: what is known of it, and what happened, in the order of the file. Values that are
  /// neither numbers nor words are left out.
  public func timeline(
    of entry: Entry
  ) throws(RecordingError) -> (details: RecordingDetails, events: [TimelineEvent]) {
    guard entry.state != .live else {
      throw RecordingError(.live, "\(entry.id) is being written; export it after the call")
    }
    let content = try read(entry.names.timeline, name: entry.names.timelineName, organization: entry.organization)
    guard let parsed = Timeline.parse(content.bytes) else {
      throw RecordingError(.damaged, "\(entry.id) cannot be read: its timeline does not begin as one")
    }
    let events = parsed.events.compactMap { data -> TimelineEvent? in
      guard let object = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any],
        let name = object["event"] as? String, let time = object["ms"] as? Int
      else { return nil }
      var event = TimelineEvent(name, at: time)
      for (key, value) in object where key != "event" && key != "ms" {
        if let word = value as? String { event.words[key] = word } else { event.numbers[key] = value as? Int }
      }
      return event
    }
    return (parsed.details, events)
  }

  /// Gives the audio of a WAV recording piece by piece: whole frames of interleaved samples.
  public func samples(
    of entry: Entry, _ take: ([Int16]) throws(RecordingError) -> Void
  ) throws(RecordingError) {
    guard let details = entry.details else {
      throw RecordingError(.damaged, "\(entry.id) cannot be read: \(entry.reason ?? "no reason")")
    }
    guard details.format == RecordingFormat.wav.rawValue else {
      throw RecordingError(
        .encoder,
        "\(entry.id) is kept as \(details.format), of which no call is made; export it, make a WAV file of it "
          + "(opusdec) and use `patchbay recording import`")
    }
    let frame = 2 * max(1, details.channels.count)
    var header = WAVEncoder.headerBytes
    var pending: [UInt8] = []
    _ = try stream(
      entry.names.audio, name: entry.names.audioName, organization: entry.organization
    ) { piece throws(RecordingError) in
      let skipped = min(header, piece.count)
      header -= skipped
      pending += piece[skipped...]
      let whole = pending.count / frame * frame
      guard whole > 0 else { return }
      let samples = stride(from: 0, to: whole, by: 2).map {
        Int16(truncatingIfNeeded: Int(pending[$0]) | Int(pending[$0 + 1]) << 8)
      }
      pending.removeFirst(whole)
      try take(samples)
    }
  }
}
