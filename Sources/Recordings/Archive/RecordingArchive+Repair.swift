extension RecordingArchive {
  /// Mends a recording that was cut short: its audio ends where its last whole piece does and plays from then on, and its
  /// timeline says that it is not complete. Throws where it is being written, or was changed by somebody.
  public func repair(_ entry: Entry) throws(RecordingError) {
    let timeline = try RecordedFile(opening: entry.names.timeline, forRepair: true)
    let audio = try RecordedFile(opening: entry.names.audio, forRepair: true)
    let milliseconds: Int
    if entry.isSealed {
      try close(audio, name: entry.names.audioName, entry: entry, with: [])
      milliseconds = -1
    } else {
      milliseconds = try mendWAV(audio, entry)
    }
    let closing = Timeline.closing(
      .init(complete: false, milliseconds: milliseconds, lost: 0, reason: "the server ended while it was written"))
    if entry.isSealed {
      try close(timeline, name: entry.names.timelineName, entry: entry, with: closing)
    } else {
      try dropHalfLine(timeline)
      try timeline.append(closing)
    }
    try audio.sync()
    try timeline.sync()
  }

  /// Puts the length of the audio that is there into the header. An Ogg file needs nothing.
  private func mendWAV(_ file: RecordedFile, _ entry: Entry) throws(RecordingError) -> Int {
    guard let details = entry.details, details.format == RecordingFormat.wav.rawValue else { return -1 }
    let frame = 2 * max(1, details.channels.count)
    let audioBytes = max(0, file.size - WAVEncoder.headerBytes) / frame * frame
    let header = WAVEncoder(sampleRate: details.sampleRate, channels: details.channels.count)
      .beginning(audioBytes: audioBytes)
    try file.write(header, at: 0)
    try file.truncate(to: header.count + audioBytes)
    return audioBytes / frame * 1000 / max(1, details.sampleRate)
  }

  private func dropHalfLine(_ file: RecordedFile) throws(RecordingError) {
    let bytes = try file.read(min(file.size, Self.maximumTimeline), at: 0)
    let end = bytes.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    if end < bytes.count { try file.truncate(to: end) }
  }

  /// Cuts a sealed file behind its last whole record and gives it an end.
  private func close(
    _ file: RecordedFile, name: String, entry: Entry, with bytes: [UInt8]
  ) throws(RecordingError) {
    guard let keys else { throw RecordingError(.key, "\(name) is encrypted; name the folder of keys") }
    var unsealer = try Unsealer(
      header: try file.read(Unsealer.maximumHeader, at: 0), organization: entry.organization, name: name, keys: keys)
    var offset = unsealer.headerBytes
    while offset < file.size,
      case .record(_, let size, _) = try unsealer.next(
        try file.read(Unsealer.maximumRecordBytes, at: offset)[...])
    {
      offset += size
    }
    guard !unsealer.isDone else { return }
    try file.truncate(to: offset)
    var sealer = Sealer(repairing: unsealer)
    try file.append(try sealer.seal(bytes, isLast: true, isRepair: true))
  }
}
