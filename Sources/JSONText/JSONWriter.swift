/// Writes one JSON text, front to back. Commas come by themselves.
package struct JSONWriter {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  /// An object as a text of its own.
  package static func object(_ fill: (inout JSONWriter) -> Void) -> [UInt8] {
    var writer = JSONWriter()
    writer.bytes.reserveCapacity(384)
    writer.object(fill)
    return writer.bytes
  }

  package mutating func object(_ fill: (inout JSONWriter) -> Void) {
    separate()
    bytes.append(UInt8(ascii: "{"))
    fill(&self)
    bytes.append(UInt8(ascii: "}"))
  }

  package mutating func array(_ fill: (inout JSONWriter) -> Void) {
    separate()
    bytes.append(UInt8(ascii: "["))
    fill(&self)
    bytes.append(UInt8(ascii: "]"))
  }

  package mutating func string(_ text: String) {
    separate()
    quoted(text)
  }

  package mutating func number(_ value: Double) {
    literal(Int(exactly: value).map { String($0) } ?? (value.isFinite ? "\(value)" : "null"))
  }

  package mutating func bool(_ value: Bool) { literal(value ? "true" : "false") }
  package mutating func null() { literal("null") }

  /// What stands for itself.
  mutating func literal(_ text: String) {
    separate()
    bytes.append(contentsOf: text.utf8)
  }

  package mutating func base64(_ data: some RandomAccessCollection<UInt8>) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    Base64.encode(data, into: &bytes)
    bytes.append(UInt8(ascii: "\""))
  }

  // MARK: Members

  package mutating func member(_ name: String, _ fill: (inout JSONWriter) -> Void) {
    separate()
    quoted(name)
    bytes.append(UInt8(ascii: ":"))
    fill(&self)
  }

  package mutating func object(_ name: String, _ fill: (inout JSONWriter) -> Void) { member(name) { $0.object(fill) } }
  package mutating func member(_ name: String, _ text: String) { member(name) { $0.string(text) } }
  package mutating func member(_ name: String, _ value: Int) { member(name) { $0.number(Double(value)) } }
  package mutating func member(_ name: String, _ value: Bool) { member(name) { $0.bool(value) } }

  // MARK: Bytes

  /// A comma, where something comes before in the same object or array.
  private mutating func separate() {
    switch bytes.last {
    case nil, UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ":"): break
    default: bytes.append(UInt8(ascii: ","))
    }
  }

  private mutating func quoted(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case 0..<0x20:
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(Self.hexadecimal[Int(byte >> 4)])
        bytes.append(Self.hexadecimal[Int(byte & 0x0F)])
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static let hexadecimal = Array("0123456789abcdef".utf8)
}
