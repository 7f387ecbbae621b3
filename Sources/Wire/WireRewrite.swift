/// Writes a valid message anew so that protobuf-c reads it as protobuf does.
///
/// protobuf-c refuses a message for a known field of another wire type, which protobuf takes for an unknown field; and it
/// forgets the first of two occurrences of a oneof's message where protobuf merges them. Unknown fields are left out,
/// and the occurrences of a message field become one: the concatenation of two messages is their merger.
/// Real encoders write no such thing, so this may allocate.
enum WireRewrite {
  /// Rewrites a message that a scan has let pass. What comes out has been scanned too, as merging makes counts grow.
  static func rewrite(_ bytes: UnsafeRawBufferPointer, schema: WireSchema) throws -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(bytes.count)
    message(0, Array(bytes), schema, to: &output)
    let outcome = try output.withUnsafeBytes { try WireScan.scan($0, schema: schema) }
    guard outcome == .plain else { throw MessageError(.tooMuchMemory) }
    return output
  }

  private struct Occurrence {
    var index: Int
    var tag: UInt32
    var value: ArraySlice<UInt8>
    /// The value of a length-delimited field without its length.
    var payload: ArraySlice<UInt8>
  }

  /// Depth is bounded by the scan, and so is the length of what is merged.
  private static func message(_ index: Int, _ bytes: [UInt8], _ schema: WireSchema, to output: inout [UInt8]) {
    let type = schema.messages[index]
    var merged: [Int: [UInt8]] = [:]
    var members: [Int: Int] = [:]
    var order: [Occurrence] = []
    for occurrence in occurrences(bytes, of: type, schema) {
      let field = schema.fields[occurrence.index]
      if field.oneof >= 0, let before = members.updateValue(occurrence.index, forKey: field.oneof),
        before != occurrence.index
      {
        // A member of a oneof undoes what another member of it said before.
        merged[before] = nil
        order.removeAll { $0.index == before }
      }
      if field.isMerged {
        if merged[occurrence.index] == nil { order.append(occurrence) }
        merged[occurrence.index, default: []] += occurrence.payload
      } else {
        order.append(occurrence)
      }
    }
    for occurrence in order {
      let field = schema.fields[occurrence.index]
      output.append(varint: occurrence.tag)
      guard field.kind == .message else {
        output += occurrence.value
        continue
      }
      var inner: [UInt8] = []
      message(field.message, merged[occurrence.index] ?? Array(occurrence.payload), schema, to: &inner)
      output.append(varint: UInt32(truncatingIfNeeded: inner.count))
      output += inner
    }
  }

  /// The known fields with a wire type of theirs, in order.
  private static func occurrences(
    _ bytes: [UInt8], of type: WireSchema.Message, _ schema: WireSchema
  ) -> [Occurrence] {
    var found: [Occurrence] = []
    bytes.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      var position = 0
      while position < buffer.count, let tag = WireReader.varint32(start, &position, buffer.count) {
        let valueStart = position
        guard let payload = WireReader.value(start, &position, buffer.count, wireType: tag & 7) else { return }
        let fields = schema.fields[type.firstField..<type.firstField + type.fieldCount]
        guard let index = fields.firstIndex(where: { $0.number == tag >> 3 }) else { continue }
        guard fields[index].takes(UInt8(truncatingIfNeeded: tag & 7)) else { continue }
        found.append(
          Occurrence(index: index, tag: tag, value: bytes[valueStart..<position], payload: bytes[payload]))
      }
    }
    return found
  }
}
