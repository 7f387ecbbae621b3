/// The content of a recording's file from any place of it, unsealed where it is sealed: what is read is bounded by what is
/// asked for, however long the file is.
///
/// Not for use from two threads at once.
final class RecordedContent {
  /// Bytes of the whole content.
  let count: Int
  private let file: RecordedFile
  private let unsealer: Unsealer?
  private let name: String

  /// Records of a sealed file that are walked through: those of the longest call, and many times as many.
  private static let maximumRecords = 1 << 20

  /// Opens the file of this path and name. Throws where there is no key for it, and where a
  /// sealed file has no end.
  init(
    _ path: String, name: String, organization: String, keys: (any RecordingKeys)?
  ) throws(RecordingError) {
    file = try RecordedFile(opening: path)
    self.name = name
    guard name.hasSuffix(RecordingNames.sealedSuffix) else {
      unsealer = nil
      count = file.size
      return
    }
    guard let keys else { throw RecordingError(.key, "\(name) is encrypted; name the folder of keys") }
    let unsealer = try Unsealer(
      header: try file.read(Unsealer.maximumHeader, at: 0), organization: organization, name: name, keys: keys)
    self.unsealer = unsealer
    var count = 0
    var isWhole = false
    try Self.walk(file, unsealer, name) { record in
      count += record.length
      isWhole = record.isLast
      return true
    }
    guard isWhole else { throw RecordingError(.damaged, "\(name) was cut: its last record is missing") }
    self.count = count
  }

  /// Bytes from an offset; fewer than asked for at the end. Throws where they are not those that were written.
  func read(_ wanted: Int, at offset: Int) throws(RecordingError) -> [UInt8] {
    guard wanted > 0, offset < count else { return [] }
    guard let unsealer else { return try file.read(min(wanted, count - offset), at: offset) }
    let end = min(count, offset + wanted)
    var bytes: [UInt8] = []
    try Self.walk(file, unsealer, name) { record throws(RecordingError) in
      let past = record.begin + record.length
      guard past > offset else { return true }
      let sealed = try file.read(record.size, at: record.place)
      guard let plain = try unsealer.open(sealed[...], number: record.number) else {
        throw RecordingError(.damaged, "\(name) ends within record \(record.number)")
      }
      bytes += plain[max(0, offset - record.begin)..<min(plain.count, end - record.begin)]
      return past < end
    }
    return bytes
  }

  /// Where a record lies, in the file and in the content.
  private struct Place {
    var number: UInt64
    /// In the file.
    var place: Int
    /// Bytes in the file.
    var size: Int
    /// In the content.
    var begin: Int
    /// Bytes of content.
    var length: Int
    /// Whether the file says that it ends here.
    var isLast: Bool
  }

  /// Goes from whole record to whole record by what their heads say, which is found out to be true when one is opened.
  private static func walk(
    _ file: RecordedFile, _ unsealer: Unsealer, _ name: String, _ take: (Place) throws(RecordingError) -> Bool
  ) throws(RecordingError) {
    var record = Place(number: 0, place: unsealer.headerBytes, size: 0, begin: 0, length: 0, isLast: false)
    while record.place < file.size {
      guard record.number < maximumRecords else {
        throw RecordingError(.damaged, "\(name) has more records than a recording can have")
      }
      let head = try file.read(SealedFormat.RecordWord.size, at: record.place)
      guard head.count == SealedFormat.RecordWord.size else { return }
      guard let word = SealedFormat.RecordWord(head[...]) else {
        throw RecordingError(.damaged, "record \(record.number) of \(name) has a head that none has")
      }
      record.length = word.length
      record.isLast = word.isLast
      record.size = SealedFormat.RecordWord.size + word.length + AESGCM.tagBytes
      guard record.place + record.size <= file.size, try take(record), !record.isLast else { return }
      record.number += 1
      record.place += record.size
      record.begin += record.length
    }
  }
}
