import Glibc

/// A string of a message that is lent: valid only within the closure that was given the message. Compares without
/// making a `String`.
public struct BorrowedText {
  /// The characters in UTF-8, without a terminating NUL.
  public let utf8: UnsafeBufferPointer<UInt8>

  /// protobuf-c's strings end with a NUL and are never absent; an absent one is taken for an empty one.
  package init(_ text: UnsafePointer<CChar>?) {
    guard let text else {
      utf8 = UnsafeBufferPointer(start: nil, count: 0)
      return
    }
    utf8 = UnsafeBufferPointer(start: UnsafeRawPointer(text).assumingMemoryBound(to: UInt8.self), count: strlen(text))
  }

  /// Whether there is no character.
  public var isEmpty: Bool { utf8.isEmpty }

  /// A copy that may be kept.
  public var string: String { String(decoding: utf8, as: UTF8.self) }

  /// A copy that may be kept, or `nil` where it is empty: what protobuf does not tell from absent.
  public var nonEmptyString: String? { isEmpty ? nil : string }

  /// Whether it has the same bytes as a string.
  public func equals(_ other: String) -> Bool {
    // A string that is not contiguous UTF-8 in memory comes from elsewhere than Swift.
    other.utf8.withContiguousStorageIfAvailable { equals($0) } ?? utf8.elementsEqual(other.utf8)
  }

  /// Whether it has the same bytes as a string's UTF-8.
  public func equals(_ other: [UInt8]) -> Bool { other.withUnsafeBufferPointer { equals($0) } }

  private func equals(_ other: UnsafeBufferPointer<UInt8>) -> Bool {
    guard utf8.count == other.count else { return false }
    guard let one = utf8.baseAddress, let two = other.baseAddress else { return true }
    return memcmp(one, two, utf8.count) == 0
  }
}
