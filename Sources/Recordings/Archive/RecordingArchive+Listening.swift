extension RecordingArchive {
  /// What can be heard of a recording.
  public struct Hearing: Sendable, Hashable {
    /// Its kind of media, as HTTP names it.
    public var contentType: String
    /// Bytes of the whole file.
    public var count: Int
    /// How long it plays, in milliseconds.
    public var milliseconds: Int
    /// When what was said is not in it, since it was sensitive: from and to, in milliseconds.
    public var silences: [ClosedRange<Int>]
  }

  /// The recording of an id and of an organization. The others are not looked at.
  public func entry(_ id: String, of organization: String) throws(RecordingError) -> Entry {
    let missing = RecordingError(.notFound, "there is no recording \(id) any more")
    guard RecordingNames.isID(id), Organization.isFolderName(organization) else { throw missing }
    for name in [RecordingNames.timelineSuffix, RecordingNames.timelineSuffix + RecordingNames.sealedSuffix] {
      guard RecordedFile.exists("\(directory)/\(organization)/\(id)\(name)") else { continue }
      if let entry = entry(timeline: id + name, organization: organization) { return entry }
    }
    throw missing
  }

  /// What can be heard of a recording that came to its end. Throws where nothing can, with the reason for people.
  public func hearing(of entry: Entry) throws(RecordingError) -> Hearing {
    let details = try detailsToHear(entry)
    let content = try content(of: entry)
    let count = Self.wholeBytes(content.count, details)
    guard entry.milliseconds ?? 0 > 0, count > 0 else {
      throw RecordingError(.empty, "it holds no audio\(entry.reason.map { " (\($0))" } ?? "")")
    }
    return Hearing(
      contentType: details.format == RecordingFormat.opus.rawValue ? "audio/ogg" : "audio/wav", count: count,
      milliseconds: entry.milliseconds ?? 0, silences: try silences(of: entry))
  }

  /// A piece of a recording's audio as a file that anything plays: unsealed, and with the length in its header.
  ///
  /// - Parameters:
  ///   - offset: from the file's beginning on.
  ///   - count: bytes at most; fewer come at the end.
  public func audio(of entry: Entry, from offset: Int, atMost count: Int) throws(RecordingError) -> [UInt8] {
    let details = try detailsToHear(entry)
    let content = try content(of: entry)
    let end = Self.wholeBytes(content.count, details)
    guard offset >= 0, count > 0, offset < end else { return [] }
    var bytes = try content.read(min(count, end - offset), at: offset)
    if details.format != RecordingFormat.opus.rawValue, offset < WAVEncoder.headerBytes {
      let header = WAVEncoder(sampleRate: details.sampleRate, channels: details.channels.count)
        .beginning(audioBytes: end - WAVEncoder.headerBytes)
      for (place, byte) in header.dropFirst(offset).prefix(bytes.count).enumerated() { bytes[place] = byte }
    }
    return bytes
  }

  private func content(of entry: Entry) throws(RecordingError) -> RecordedContent {
    try RecordedContent(
      entry.names.audio, name: entry.names.audioName, organization: entry.organization, keys: keys)
  }

  private func detailsToHear(_ entry: Entry) throws(RecordingError) -> RecordingDetails {
    switch entry.state {
    case .live: throw RecordingError(.live, "it is being written, and can be heard after the call")
    case .interrupted:
      throw RecordingError(
        .damaged, "it was cut short; the next start of the server, or `patchbay recording verify --repair`, mends it")
    case .unreadable, .complete, .incomplete: break
    }
    guard let details = entry.details else {
      throw RecordingError(entry.isSealed ? .key : .damaged, entry.reason ?? "it cannot be read")
    }
    return details
  }

  /// Bytes up to the end of the last whole frame.
  private static func wholeBytes(_ count: Int, _ details: RecordingDetails) -> Int {
    guard details.format != RecordingFormat.opus.rawValue else { return count }
    let frame = 2 * max(1, details.channels.count)
    let audio = (count - WAVEncoder.headerBytes) / frame * frame
    return audio > 0 ? WAVEncoder.headerBytes + audio : 0
  }

  /// Times that are listed of one recording.
  private static let maximumSilences = 100

  private func silences(of entry: Entry) throws(RecordingError) -> [ClosedRange<Int>] {
    var silences: [ClosedRange<Int>] = []
    var began: Int?
    func end(at time: Int) {
      if let from = began, silences.count < Self.maximumSilences { silences.append(from...max(from, time)) }
      began = nil
    }
    for event in try timeline(of: entry).events {
      switch event.name {
      case "sensitive_began": began = began ?? event.milliseconds
      case "sensitive_ended": end(at: event.milliseconds)
      default: break
      }
    }
    end(at: entry.milliseconds ?? 0)
    return silences
  }
}
