public import Basics

/// A tenant's key for recordings: it encrypts the keys of single files, never audio.
public struct RecordingKey: Sendable, Hashable, CustomStringConvertible {
  /// What it is called in the files that it protects: 1 to 64 of letters, digits, `.`, `_`, `-`.
  public let id: String
  let bytes: [UInt8]

  /// A key of 32 bytes.
  public init(id: String, bytes: [UInt8]) throws(RecordingError) {
    guard Self.isID(id) else {
      throw RecordingError(.key, "a key's name must have 1 to 64 of letters, digits, dots, dashes")
    }
    guard bytes.count == AESGCM.keyBytes else {
      throw RecordingError(.key, "the key \(id) has \(bytes.count) bytes; it needs \(AESGCM.keyBytes)")
    }
    self.id = id
    self.bytes = bytes
  }

  static func isID(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count) && text.first != "." && text.isWord(with: "-._")
  }

  /// The key's name; never the key.
  public var description: String { "key \(id)" }
}

/// Where tenants' keys come from: a folder of files, or a key management service.
///
/// Asked on the writers' own threads, when a recording begins and when one is read: it may take its time there.
public protocol RecordingKeys: Sendable {
  /// The key that new recordings of an organization are protected with. Throws where there is none: nothing is recorded
  /// then.
  func current(for organization: String) throws(RecordingError) -> RecordingKey
  /// The key of this name, for recordings made with it.
  func key(_ id: String, for organization: String) throws(RecordingError) -> RecordingKey
}
