public import Basics

/// Keys in files: `FOLDER/ORGANIZATION/NAME.key`, each 32 bytes raw or 64 hexadecimal digits, readable by their owner
/// only. The last name in the order of bytes is the current key (`2026-11.key` after `2026-10.key`); older ones stay for
/// the recordings made with them. The folder is looked at anew for each recording: rotation needs no restart.
public struct KeyFolder: RecordingKeys {
  private let folder: String

  /// Keys in this folder.
  public init(_ folder: String) { self.folder = folder }

  /// The organization's newest key.
  public func current(for organization: String) throws(RecordingError) -> RecordingKey {
    let own = try path(of: organization)
    let names = try Folder.names(in: own).filter { $0.hasSuffix(Self.suffix) }
      .map { String($0.dropLast(Self.suffix.count)) }.filter(RecordingKey.isID)
    guard let newest = names.max(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) else {
      throw RecordingError(
        .key, "\(own) has no key; make one: (umask 077; openssl rand 32 > \(own)/$(date +%Y-%m-%d)\(Self.suffix))")
    }
    return try key(newest, for: organization)
  }

  /// The organization's key of this name.
  public func key(_ id: String, for organization: String) throws(RecordingError) -> RecordingKey {
    guard RecordingKey.isID(id) else { throw RecordingError(.key, "a recording names a key that cannot be one") }
    let file = try path(of: organization) + "/" + id + Self.suffix
    let bytes: [UInt8]
    do throws(FileError) { bytes = try BoundedFile.read(file, maximum: 4_096, isSecret: true) } catch {
      throw RecordingError(.key, "\(error)", cause: error)
    }
    if bytes.count == AESGCM.keyBytes { return try RecordingKey(id: id, bytes: bytes) }
    guard let key = Self.bytes(hexadecimal: bytes) else {
      throw RecordingError(.key, "\(file) must hold 32 bytes, or 64 hexadecimal digits")
    }
    return try RecordingKey(id: id, bytes: key)
  }

  private static let suffix = ".key"

  private func path(of organization: String) throws(RecordingError) -> String {
    guard Organization.isFolderName(organization) else {
      throw RecordingError(.key, "an organization that cannot be a folder's name has no keys")
    }
    return folder + "/" + organization
  }

  private static func bytes(hexadecimal text: [UInt8]) -> [UInt8]? {
    let digits = String(decoding: text, as: UTF8.self).filter { !$0.isNewline }
    guard digits.utf8.count == 2 * AESGCM.keyBytes else { return nil }
    var bytes: [UInt8] = []
    var rest = Substring(digits)
    while !rest.isEmpty {
      guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
      bytes.append(byte)
      rest = rest.dropFirst(2)
    }
    return bytes
  }
}

enum Organization {
  /// A UUID's characters only: no separator, no dot.
  static func isFolderName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count) && text.isWord(with: "-")
  }
}
