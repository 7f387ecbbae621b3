/// A folder of recordings: what is there, and in what state.
public struct RecordingArchive: Sendable {
  let directory: String
  let keys: (any RecordingKeys)?

  /// The recordings in a folder; keys open those that are sealed.
  public init(directory: String, keys: (any RecordingKeys)?) {
    self.directory = directory
    self.keys = keys
  }

  /// What is known of a recording without its audio.
  public struct Entry: Sendable {
    /// What state it is in.
    public enum State: String, Sendable, Codable {
      /// It is being written.
      case live
      /// It ended as it should, with all its audio.
      case complete
      /// It ended, but audio was lost or the disk failed.
      case incomplete
      /// Its writer was cut short: it has no end.
      case interrupted
      /// It cannot be read: the reason says why.
      case unreadable
    }

    /// The random id.
    public let id: String
    /// The tenant.
    public let organization: String
    /// Its state.
    public let state: State
    /// What its timeline begins with; `nil` where it cannot be read.
    public let details: RecordingDetails?
    /// How long it plays, in milliseconds, where its end says so.
    public let milliseconds: Int?
    /// Bytes on the disk.
    public let size: Int
    /// Whether it is encrypted.
    public let isSealed: Bool
    /// Why it cannot be read, or why it is incomplete.
    public let reason: String?
    let names: RecordingNames
  }

  /// All recordings, the oldest first; of one organization where it is named.
  public func entries(of organization: String? = nil) -> [Entry] {
    let organizations = organization.map { [$0] } ?? (try? Folder.names(in: directory)) ?? []
    var entries: [Entry] = []
    for organization in organizations where Organization.isFolderName(organization) {
      for name in (try? Folder.names(in: directory + "/" + organization)) ?? [] {
        if let entry = entry(timeline: name, organization: organization) { entries.append(entry) }
      }
    }
    return entries.sorted { ($0.details?.began ?? 0, $0.id) < ($1.details?.began ?? 0, $1.id) }
  }

  /// The recording of an id.
  public func entry(_ id: String) throws(RecordingError) -> Entry {
    guard let entry = entries().first(where: { $0.id == id }) else {
      throw RecordingError(
        .notFound, "there is no recording \(id) in \(directory); `patchbay recording list` shows all")
    }
    return entry
  }

  func entry(timeline name: String, organization: String) -> Entry? {
    let isSealed = name.hasSuffix(RecordingNames.sealedSuffix)
    let plain = isSealed ? String(name.dropLast(RecordingNames.sealedSuffix.count)) : name
    guard plain.hasSuffix(RecordingNames.timelineSuffix) else { return nil }
    let id = String(plain.dropLast(RecordingNames.timelineSuffix.count))
    guard RecordingNames.isID(id) else { return nil }
    let path = "\(directory)/\(organization)/\(name)"
    let isLive = RecordedFile.isLive(path)
    var format = RecordingFormat.wav
    func names() -> RecordingNames {
      RecordingNames(
        directory: directory, organization: organization, id: id, format: format, isSealed: isSealed)
    }
    do throws(RecordingError) {
      let content = try read(path, name: name, organization: organization)
      guard let timeline = Timeline.parse(content.bytes) else {
        // The process ended before the first line was written: there is nothing to keep.
        throw RecordingError(.damaged, "its timeline does not begin as one")
      }
      format = RecordingFormat(rawValue: timeline.details.format) ?? .wav
      let state: Entry.State =
        isLive
        ? .live
        : timeline.closing.map { $0.complete ? .complete : .incomplete } ?? .interrupted
      return Entry(
        id: id, organization: organization, state: state, details: timeline.details,
        milliseconds: timeline.closing?.milliseconds, size: size(of: names()), isSealed: isSealed,
        reason: timeline.closing?.reason, names: names())
    } catch {
      for other in RecordingFormat.allCases where RecordedFile.exists(names().audio) == false { format = other }
      return Entry(
        id: id, organization: organization, state: isLive ? .live : .unreadable, details: nil, milliseconds: nil,
        size: size(of: names()), isSealed: isSealed, reason: error.message, names: names())
    }
  }

  private func size(of names: RecordingNames) -> Int {
    [names.audio, names.timeline].reduce(0) { $0 + ((try? RecordedFile(opening: $1).size) ?? 0) }
  }

  /// How old a recording is, in seconds: by its own word, or else by its file's last change.
  func age(of entry: Entry, now: Int64) -> Int64? {
    (entry.details?.began ?? RecordedFile.modified(entry.names.timeline)).map { now - $0 }
  }

  /// Removes a recording. The file of one that is being written disappears at once, too, and its end with it.
  public func delete(_ entry: Entry) throws(RecordingError) {
    try Folder.remove(entry.names.audio)
    try Folder.remove(entry.names.timeline)
  }

  /// A timeline may be this long.
  static let maximumTimeline = 64 << 20

  /// The content of a whole, short file.
  func read(
    _ path: String, name: String, organization: String
  ) throws(RecordingError) -> (bytes: [UInt8], isWhole: Bool) {
    var bytes: [UInt8] = []
    let isWhole = try stream(path, name: name, organization: organization) { piece throws(RecordingError) in
      guard bytes.count + piece.count <= Self.maximumTimeline else {
        throw RecordingError(.damaged, "\(name) is longer than a timeline can be")
      }
      bytes += piece
    }
    return (bytes, isWhole)
  }

  /// Gives a file's content piece by piece, unsealed where it is sealed. Returns whether a sealed file has its end; a
  /// file that is not sealed cannot tell.
  func stream(
    _ path: String, name: String, organization: String, _ take: ([UInt8]) throws(RecordingError) -> Void
  ) throws(RecordingError) -> Bool {
    let file = try RecordedFile(opening: path)
    guard name.hasSuffix(RecordingNames.sealedSuffix) else {
      var offset = 0
      while true {
        let piece = try file.read(SealedFormat.maximumRecord, at: offset)
        if piece.isEmpty { return true }
        try take(piece)
        offset += piece.count
      }
    }
    guard let keys else { throw RecordingError(.key, "\(name) is encrypted; name the folder of keys") }
    var unsealer = try Unsealer(
      header: try file.read(Unsealer.maximumHeader, at: 0), organization: organization, name: name, keys: keys)
    var offset = unsealer.headerBytes
    while offset < file.size {
      let bytes = try file.read(Unsealer.maximumRecordBytes, at: offset)
      guard case .record(let plain, let size, _) = try unsealer.next(bytes[...]) else { return false }
      try take(plain)
      offset += size
    }
    return unsealer.isDone
  }
}
