import Basics

/// Free values that were left out of a message because they are over a bound.
public struct LeftOutValues: Sendable, Hashable {
  /// How many there were.
  public internal(set) var count = 0
  /// Their names, such as `vendor_specific_config` or `additional_info.history`: at most ``maximumNames``, each of at
  /// most 64 characters of its key, without control characters.
  public internal(set) var names: [String] = []

  /// Names that are kept.
  public static let maximumNames = 16

  /// None.
  public init() {}

  /// Whether nothing was left out.
  public var isEmpty: Bool { count == 0 }
}

/// Writes a message without the values that a scan has found to be over a bound.
enum WireElision {
  /// The message without these values, which are in their order and within it. Of everything else, only the lengths of
  /// the messages around them change.
  static func shorten(_ bytes: UnsafeRawBufferPointer, by values: [WireScan.OverlongValue]) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(bytes.count)
    append(bytes, 0..<bytes.count, without: values[...], to: &output)
    return output
  }

  /// What the values are called.
  static func names(
    _ values: [WireScan.OverlongValue], in bytes: UnsafeRawBufferPointer, _ schema: WireSchema
  ) -> LeftOutValues {
    var leftOut = LeftOutValues()
    for value in values {
      leftOut.count += 1
      guard leftOut.names.count < LeftOutValues.maximumNames else { continue }
      let field = schema.fields[value.field]
      let name = schema.names[value.field]
      if field.kind == .message {
        leftOut.names.append("\(name == "fields" ? "parameters" : name).\(key(bytes, value.value))")
      } else {
        leftOut.names.append(name)
      }
    }
    return leftOut
  }

  /// The scan has stepped over every field here, so each can be read.
  private static func append(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, without values: ArraySlice<WireScan.OverlongValue>,
    to output: inout [UInt8]
  ) {
    guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
    var values = values
    var position = range.lowerBound
    while position < range.upperBound, let next = values.first {
      let fieldStart = position
      guard let tag = WireReader.varint32(start, &position, range.upperBound) else { return }
      let tagEnd = position
      guard let payload = WireReader.value(start, &position, range.upperBound, wireType: tag & 7) else { return }
      if next.range.lowerBound == fieldStart {
        values.removeFirst()
      } else if next.range.lowerBound < position {
        let within = values.prefix { $0.range.lowerBound < position }
        values.removeFirst(within.count)
        var inner: [UInt8] = []
        append(bytes, payload, without: within, to: &inner)
        output += bytes[fieldStart..<tagEnd]
        output.append(varint: UInt32(truncatingIfNeeded: inner.count))
        output += inner
      } else {
        output += bytes[fieldStart..<position]
      }
    }
    output += bytes[position..<range.upperBound]
  }

  /// The key of a map's entry, fit for a log.
  private static func key(_ bytes: UnsafeRawBufferPointer, _ entry: Range<Int>) -> String {
    guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return "" }
    var position = entry.lowerBound
    var key = ""
    while position < entry.upperBound, let tag = WireReader.varint32(start, &position, entry.upperBound),
      let payload = WireReader.value(start, &position, entry.upperBound, wireType: tag & 7)
    {
      if tag == 1 << 3 | 2 { key = String(decoding: bytes[payload].prefix(256), as: UTF8.self) }
    }
    return String(key.unicodeScalars.prefix(64)).readable { _ in "?" }
  }
}
