extension RecordingArchive {
  /// Mends a recording that was cut short: its audio ends where its last whole piece does and plays from then on, and its
  /// timeline says how much there is, and that it is not complete. Throws where it is being written, or was changed by
  /// somebody.
  public func repair(_ entry: Entry) throws(RecordingError) {
    guard let details = entry.details else {
      throw RecordingError(.damaged, "\(entry.id) cannot be read: \(entry.reason ?? "no reason")")
    }
    let timeline = try RecordedFile(opening: entry.names.timeline, forRepair: true)
    let audio = try RecordedFile(opening: entry.names.audio, forRepair: true)
    let length = try length(of: entry, details)
    if entry.isSealed {
      try close(audio, name: entry.names.audioName, entry: entry, with: length.end)
    } else {
      try mend(audio, length, details)
    }
    let closing = Timeline.closing(
      .init(
        complete: false, milliseconds: length.milliseconds, lost: 0, reason: "the server ended while it was written"))
    if entry.isSealed {
      try close(timeline, name: entry.names.timelineName, entry: entry, with: closing)
    } else {
      try dropHalfLine(timeline)
      try timeline.append(closing)
    }
    try audio.sync()
    try timeline.sync()
  }

  /// Cuts off what cannot be played, ends the stream, and puts the length into a WAV file's header.
  func mend(_ file: RecordedFile, _ length: AudioLength, _ details: RecordingDetails) throws(RecordingError) {
    try file.truncate(to: length.wholeBytes)
    try file.append(length.end)
    guard details.format != RecordingFormat.opus.rawValue else { return }
    let header = WAVEncoder(sampleRate: details.sampleRate, channels: details.channels.count)
      .beginning(audioBytes: max(0, length.wholeBytes - WAVEncoder.headerBytes))
    try file.write(header, at: 0)
  }

  /// How much audio a recording has, read from its first byte to its last whole one.
  func length(of entry: Entry, _ details: RecordingDetails) throws(RecordingError) -> AudioLength {
    let length = AudioLength(details)
    _ = try stream(
      entry.names.audio, name: entry.names.audioName, organization: entry.organization
    ) { piece throws(RecordingError) in length.read(piece) }
    return length
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
