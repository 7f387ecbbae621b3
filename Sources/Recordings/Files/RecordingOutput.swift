/// Where the bytes of one file of a recording go: as they are, or sealed.
///
/// Not for use from two threads at once.
final class RecordingOutput {
  let file: RecordedFile
  private var sealer: Sealer?
  /// Plaintext bytes so far.
  private(set) var count = 0
  /// Where the last whole record ends: beyond it there may be a part of one.
  private var good = 0

  /// A new file; sealed where there is a sealer.
  init(creating path: String, sealer: Sealer?) throws(RecordingError) {
    file = try RecordedFile(creating: path)
    self.sealer = sealer
    if let sealer { try file.append(sealer.header) }
    good = file.size
  }

  var isSealed: Bool { sealer != nil }

  func append(_ bytes: [UInt8]) throws(RecordingError) {
    guard !bytes.isEmpty else { return }
    if sealer != nil {
      try file.append(try seal(bytes))
    } else {
      try file.append(bytes)
    }
    good = file.size
    count += bytes.count
  }

  private func seal(_ bytes: [UInt8]) throws(RecordingError) -> [UInt8] {
    guard var own = sealer else { return bytes }
    defer { sealer = own }
    return try own.seal(bytes)
  }

  /// Writes over the beginning; what is sealed stays as it is, and whoever opens it mends it.
  func rewrite(_ bytes: [UInt8]) throws(RecordingError) {
    guard sealer == nil else { return }
    try file.write(bytes, at: 0)
  }

  /// Appends what comes last and closes the file. After a failed write the last bytes are put where they still fit.
  func finish(_ bytes: [UInt8] = [], afterFailure: Bool = false) throws(RecordingError) {
    if afterFailure { try file.truncate(to: good) }
    if var sealer {
      try file.append(sealer.seal(bytes, isLast: true, isRepair: afterFailure))
      self.sealer = sealer
    } else if !bytes.isEmpty {
      try file.append(bytes)
    }
    count += bytes.count
    try file.sync()
  }
}
