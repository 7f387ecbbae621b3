import Basics
import Logging

/// The bytes of a line, within ``LogRecord/maximumLineLength``. Once something did not fit, only what closes the line is
/// still taken.
struct LogLine {
  /// Room for what closes quotes, nested values and the line.
  private static let reserve = 64
  private static let room = LogRecord.maximumLineLength - reserve
  /// Bytes of one text, so that one long value does not crowd out the rest.
  private static let maximumTextLength = 4_096
  private static let maximumDepth = 6

  private(set) var isCut = false
  private var bytes: [UInt8] = []

  init() { bytes.reserveCapacity(512) }

  var finished: [UInt8] { bytes }

  /// Text that is known to be harmless, as a whole or not at all; whether it fit.
  @discardableResult
  mutating func raw(_ text: String) -> Bool {
    if bytes.count + text.utf8.count > Self.room { isCut = true }
    if !isCut { bytes.append(contentsOf: text.utf8) }
    return !isCut
  }

  /// What closes the line; uses the reserve.
  mutating func closing(_ text: StaticString) { text.withUTF8Buffer { bytes.append(contentsOf: $0) } }

  /// Text within quotes, masked and escaped as JSON.
  mutating func quoted(_ text: String) {
    guard !isCut else { return closing("\"\"") }
    bytes.append(UInt8(ascii: "\""))
    escaped(text, isQuoted: true)
    bytes.append(UInt8(ascii: "\""))
  }

  /// Text without quotes, masked, control characters escaped.
  mutating func bare(_ text: String) { escaped(text, isQuoted: false) }

  private mutating func escaped(_ text: String, isQuoted: Bool) {
    guard !isCut else { return }
    let end = min(Self.room, bytes.count + Self.maximumTextLength)
    for scalar in Redactor.mask(text).unicodeScalars {
      guard bytes.count + 12 <= end else {
        isCut = bytes.count + 12 > Self.room
        bytes.append(contentsOf: "…".utf8)
        return
      }
      switch scalar {
      case "\"" where isQuoted, "\\" where isQuoted:
        bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(scalar.value)])
      case "\n": bytes.append(contentsOf: "\\n".utf8)
      case "\r": bytes.append(contentsOf: "\\r".utf8)
      case "\t": bytes.append(contentsOf: "\\t".utf8)
      default:
        if Self.isHarmful(scalar) {
          let digits = String(scalar.value, radix: 16)
          bytes.append(contentsOf: "\\u\(String(repeating: "0", count: max(0, 4 - digits.utf8.count)))\(digits)".utf8)
        } else {
          bytes.append(contentsOf: UTF8.encode(scalar)?.map { $0 } ?? [])
        }
      }
    }
  }

  /// C0, DEL and C1 controls, line and paragraph separators, and the marks that turn the reading direction (Unicode
  /// TR 36): they could forge a line or move a terminal's cursor. All are below U+10000.
  private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F...0x9F, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }

  /// A metadata value as JSON; keys in order.
  mutating func json(_ value: Logger.MetadataValue, depth: Int) {
    guard depth < Self.maximumDepth else { return quoted("…") }
    switch value {
    case .string(let text): quoted(text)
    case .stringConvertible(let value): quoted(value.description)
    case .array(let values):
      bytes.append(UInt8(ascii: "["))
      for (index, value) in values.enumerated() where !isCut {
        if index > 0 { raw(",") }
        if !isCut { json(value, depth: depth + 1) }
      }
      bytes.append(UInt8(ascii: "]"))
    case .dictionary(let values):
      bytes.append(UInt8(ascii: "{"))
      var isFirst = true
      for (key, value) in values.sorted(by: { $0.key < $1.key }) where !isCut {
        let start = bytes.count
        if !isFirst { raw(",") }
        quoted(key)
        raw(":")
        // A key without a value would not be JSON.
        if isCut {
          bytes.removeSubrange(start...)
        } else {
          json(value, depth: depth + 1)
        }
        isFirst = false
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  /// A time as in RFC 3339, in UTC, with milliseconds.
  mutating func time(_ nanoseconds: Int64) {
    let milliseconds = String(1_000 + nanoseconds % 1_000_000_000 / 1_000_000).dropFirst()
    raw((WallClock.text(nanoseconds / 1_000_000_000, "%04Y-%m-%dT%H:%M:%S.") ?? "") + milliseconds + "Z")
  }
}
