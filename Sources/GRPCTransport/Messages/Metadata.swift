import CGRPC

/// Headers or trailers of an RPC, in order and with every duplicate.
///
/// Keys are lower case (HTTP/2). The value of a key that ends in `-bin` is any bytes, every other value is printable
/// ASCII (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Custom-Metadata").
///
/// ```swift
/// call.setInitialMetadata([("trackingid", id)])
/// ```
public struct Metadata: Sendable, Hashable {
  /// One header.
  public struct Entry: Sendable, Hashable {
    /// The lower-case name.
    public var key: String
    /// The value as received, base64 already undone for a key in `-bin`.
    public var value: [UInt8]
    /// The value as text; bytes that are not UTF-8 appear as U+FFFD.
    public var text: String { String(decoding: value, as: UTF8.self) }

    /// A header with text.
    public init(_ key: String, _ value: String) {
      self.key = key
      self.value = Array(value.utf8)
    }

    /// A header with bytes, for keys in `-bin`.
    public init(_ key: String, bytes: [UInt8]) {
      self.key = key
      self.value = bytes
    }
  }

  /// All headers in order.
  public var entries: [Entry]

  /// Headers from entries.
  public init(entries: [Entry] = []) { self.entries = entries }

  /// Headers from pairs of key and text.
  public init(_ pairs: [(String, String)]) { entries = pairs.map { Entry($0.0, $0.1) } }

  /// Whether there are none.
  public var isEmpty: Bool { entries.isEmpty }

  /// Adds a header with text.
  public mutating func add(_ key: String, _ value: String) { entries.append(Entry(key, value)) }

  /// Adds a header with bytes; the key has to end in `-bin`.
  public mutating func add(_ key: String, bytes: [UInt8]) { entries.append(Entry(key, bytes: bytes)) }

  /// Every value of a key, in order, as text.
  public func values(for key: String) -> [String] { entries.filter { $0.key == key }.map(\.text) }

  /// Every value of a key, in order, as bytes.
  public func bytes(for key: String) -> [[UInt8]] { entries.filter { $0.key == key }.map(\.value) }

  /// Names that the transport itself writes; the C core does not expect them from an application.
  private static let reserved: Set<String> = [
    "content-type", "content-length", "te", "host", "connection", "keep-alive", "proxy-connection",
    "transfer-encoding", "upgrade", "user-agent",
  ]

  /// For the C core, which takes the memory over; nil where there is nothing to send. What HTTP/2 or the core would
  /// not carry is left out: one bad header must not cost the batch it travels in.
  func makeCore() -> OpaquePointer? {
    if entries.isEmpty { return nil }
    let core = pb_metadata_create(entries.count)
    for entry in entries {
      let key = entry.key.lowercased()
      if Self.reserved.contains(key) || key.hasPrefix("grpc-") || key.hasPrefix(":") { continue }
      var keyText = key
      keyText.withUTF8 { key in
        entry.value.withUnsafeBufferPointer { value in
          _ = pb_metadata_add(core, key.baseAddress, key.count, value.baseAddress, value.count)
        }
      }
    }
    return core
  }

  /// A copy of what a call received.
  init(received call: OpaquePointer, trailing: Bool) {
    entries = (0..<pb_call_metadata_count(call, trailing)).map { index in
      Self.withEntry(of: call, trailing: trailing, at: index) { key, value in
        Entry(String(decoding: key, as: UTF8.self), bytes: Array(value))
      }
    }
  }

  /// Every value of one key of what a call received, without copying the rest.
  static func values(received call: OpaquePointer, for key: String) -> [String] {
    var values: [String] = []
    for index in 0..<pb_call_metadata_count(call, false) {
      withEntry(of: call, trailing: false, at: index) { found, value in
        if found.elementsEqual(key.utf8) { values.append(String(decoding: value, as: UTF8.self)) }
      }
    }
    return values
  }

  private static func withEntry<R>(
    of call: OpaquePointer, trailing: Bool, at index: Int,
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> R
  ) -> R {
    var key: UnsafePointer<CChar>?
    var value: UnsafePointer<UInt8>?
    var keyLength = 0
    var valueLength = 0
    pb_call_metadata_at(call, trailing, index, &key, &keyLength, &value, &valueLength)
    return body(
      UnsafeRawBufferPointer(start: key, count: keyLength), UnsafeRawBufferPointer(start: value, count: valueLength))
  }
}

extension Metadata: ExpressibleByArrayLiteral {
  /// `[("key", "value")]`.
  public init(arrayLiteral pairs: (String, String)...) { self.init(pairs) }
}
