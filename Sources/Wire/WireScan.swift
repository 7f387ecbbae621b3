/// Walks over the bytes of a message by its schema before any of it is decoded, and refuses what is malformed or over a
/// limit. Allocates nothing unless it refuses.
///
/// Recursion is bounded by the limits: a level is checked before it is entered.
struct WireScan {
  /// What a message that keeps all limits needs before protobuf-c may decode it.
  enum Outcome: Equatable {
    /// Nothing: protobuf-c decodes it as protobuf says.
    case plain
    /// To be rewritten first, see ``WireRewrite``: protobuf-c would refuse or misread it although it is valid.
    case toBeRewritten
    /// To be written without some values first, see ``WireElision``: they are over a bound, and free.
    case toBeShortened([OverlongValue])
  }

  /// A free value that is over a bound.
  struct OverlongValue: Equatable {
    /// Index into the schema's fields.
    var field: Int
    /// The bytes of the field, its tag included.
    var range: Range<Int>
    /// The bytes of its value.
    var value: Range<Int>
  }

  private let bytes: UnsafePointer<UInt8>
  private let fields: UnsafeBufferPointer<WireSchema.Field>
  private let messages: UnsafeBufferPointer<WireSchema.Message>
  private let counters: UnsafeMutableBufferPointer<Int>
  private var fieldsLeft: Int
  private var structFieldsLeft: Int
  private let limits: WireLimits
  private var isToBeRewritten = false
  private var overlong: [OverlongValue] = []
  private var failure: MessageError.Reason?
  /// From the innermost field outwards: an index into the schema's fields, or an unknown field's number, negated.
  private var failurePath: [Int] = []

  /// Scans a message.
  static func scan(_ bytes: UnsafeRawBufferPointer, schema: WireSchema) throws(MessageError) -> Outcome {
    guard bytes.count <= schema.limits.messageBytes else {
      throw MessageError(.messageTooLarge(bytes: bytes.count, limit: schema.limits.messageBytes))
    }
    guard let start = bytes.baseAddress, !bytes.isEmpty else { return .plain }
    let error = withUnsafeTemporaryAllocation(of: Int.self, capacity: schema.counterLimits.count) { counters in
      _ = counters.initialize(from: schema.counterLimits)
      return schema.fields.withUnsafeBufferPointer { fields in
        schema.messages.withUnsafeBufferPointer { messages -> Result<Outcome, MessageError> in
          var scan = WireScan(
            bytes: start.assumingMemoryBound(to: UInt8.self), fields: fields, messages: messages, counters: counters,
            limits: schema.limits)
          if scan.message(0, from: 0, to: bytes.count, depth: 1, structDepth: 0) { return .success(scan.outcome) }
          return .failure(scan.error(schema))
        }
      }
    }
    return try error.get()
  }

  private init(
    bytes: UnsafePointer<UInt8>, fields: UnsafeBufferPointer<WireSchema.Field>,
    messages: UnsafeBufferPointer<WireSchema.Message>, counters: UnsafeMutableBufferPointer<Int>, limits: WireLimits
  ) {
    self.bytes = bytes
    self.fields = fields
    self.messages = messages
    self.counters = counters
    self.limits = limits
    fieldsLeft = limits.fields
    structFieldsLeft = limits.structFields
  }

  private var outcome: Outcome {
    overlong.isEmpty ? isToBeRewritten ? .toBeRewritten : .plain : .toBeShortened(overlong)
  }

  // Positions are at most the message's size, at most 2^31; every sum below is within Int by far.

  private mutating func message(_ index: Int, from start: Int, to end: Int, depth: Int, structDepth: Int) -> Bool {
    let message = messages[index]
    var position = start
    var seen: UInt64 = 0
    while position < end {
      let fieldStart = position
      guard let tag = WireReader.varint32(bytes, &position, end) else {
        return fail(position < end ? .invalidFieldNumber : .truncated)
      }
      let number = tag >> 3
      let wireType = UInt8(truncatingIfNeeded: tag & 7)
      guard number != 0 else { return fail(.invalidFieldNumber) }
      let fieldIndex = find(number, in: message)
      let step: Bool
      if fieldIndex >= 0 {
        let field = fields[fieldIndex]
        if field.isFree, structDepth <= 1, wireType == 2 {
          step = free(
            fieldIndex, from: fieldStart, message.nesting, &position, end, depth: depth, structDepth: structDepth)
        } else {
          guard count(message.nesting) else { return fail(at: fieldIndex) }
          if field.isMerged {
            let bit = UInt64(1) << UInt64((fieldIndex - message.firstField) & 63)
            if seen & bit != 0 { isToBeRewritten = true }
            seen |= bit
          }
          step = value(of: field, wireType, &position, end, depth: depth, structDepth: structDepth)
        }
      } else {
        step = count(.message) && skip(wireType, &position, end)
      }
      if !step { return fail(at: fieldIndex >= 0 ? fieldIndex : -Int(number)) }
    }
    return true
  }

  /// A value that may be left out where it is over a bound: then it is noted, and counts as a field and nothing more.
  private mutating func free(
    _ fieldIndex: Int, from start: Int, _ nesting: WireSchema.Nesting, _ position: inout Int, _ end: Int, depth: Int,
    structDepth: Int
  ) -> Bool {
    let field = fields[fieldIndex]
    let before = (structFieldsLeft, field.counter >= 0 ? counters[field.counter] : 0, failurePath.count)
    let valueStart = position
    if count(nesting),
      value(of: field, 2, &position, end, depth: depth, structDepth: structDepth)
    {
      return true
    }
    guard let failure, isOverABound(failure) else { return false }
    self.failure = nil
    failurePath.removeSubrange(before.2...)
    structFieldsLeft = before.0
    // All values of `Struct`s have one counter, so that nothing within has changed another.
    if field.counter >= 0 { counters[field.counter] = before.1 }
    position = valueStart
    guard let length = length(&position, end) else { return false }
    let payload = position..<position + length
    position += length
    overlong.append(OverlongValue(field: fieldIndex, range: start..<position, value: payload))
    return true
  }

  /// Whether a value is well-formed and only more than is taken. Fields of the message itself have a bound of their own.
  private func isOverABound(_ reason: MessageError.Reason) -> Bool {
    switch reason {
    case .tooLong, .tooManyValues: true
    case .tooManyFields(let limit): limit == limits.structFields
    default: false
    }
  }

  private func find(_ number: UInt32, in message: WireSchema.Message) -> Int {
    if message.isDense { return number <= message.fieldCount ? message.firstField + Int(number) - 1 : -1 }
    for index in message.firstField..<message.firstField + message.fieldCount where fields[index].number == number {
      return index
    }
    return -1
  }

  private mutating func count(_ nesting: WireSchema.Nesting) -> Bool {
    if nesting == .message {
      guard fieldsLeft > 0 else { return fail(.tooManyFields(limit: limits.fields)) }
      fieldsLeft -= 1
    } else {
      guard structFieldsLeft > 0 else { return fail(.tooManyFields(limit: limits.structFields)) }
      structFieldsLeft -= 1
    }
    return true
  }

  private mutating func value(
    of field: WireSchema.Field, _ wireType: UInt8, _ position: inout Int, _ end: Int, depth: Int, structDepth: Int
  ) -> Bool {
    switch (field.kind, wireType) {
    case (.varint, 0), (.fixed64, 1), (.fixed32, 5):
      return reserve(1, of: field) && skip(wireType, &position, end)
    case (.text, 2), (.identifier, 2), (.binary, 2), (.message, 2):
      guard reserve(1, of: field), let length = length(&position, end) else { return false }
      let start = position
      position += length
      if field.kind == .message {
        return nested(field.message, from: start, to: position, depth: depth, structDepth: structDepth)
      }
      guard length <= field.limit else { return fail(.tooLong(bytes: length, limit: field.limit)) }
      if field.kind == .binary { return true }
      let text = UnsafeBufferPointer(start: bytes + start, count: length)
      if let reason = WireText.check(text, isIdentifier: field.kind == .identifier) { return fail(reason) }
      return true
    case (_, 2) where field.isPackable:
      guard let length = length(&position, end) else { return false }
      let start = position
      position += length
      return packed(field, from: start, to: position)
    default:
      // As protobuf has it, a known field of another wire type is an unknown field; protobuf-c refuses the message.
      isToBeRewritten = true
      return skip(wireType, &position, end)
    }
  }

  private mutating func nested(_ index: Int, from start: Int, to end: Int, depth: Int, structDepth: Int) -> Bool {
    switch messages[index].nesting {
    case .message:
      guard depth < limits.depth else { return fail(.tooDeep(limit: limits.depth)) }
      return message(index, from: start, to: end, depth: depth + 1, structDepth: structDepth)
    case .structure:
      guard structDepth < limits.structDepth else { return fail(.tooDeep(limit: limits.structDepth)) }
      return message(index, from: start, to: end, depth: depth, structDepth: structDepth + 1)
    case .structurePart:
      return message(index, from: start, to: end, depth: depth, structDepth: structDepth)
    }
  }

  private mutating func packed(_ field: WireSchema.Field, from start: Int, to end: Int) -> Bool {
    switch field.kind {
    case .fixed64: return (end - start) % 8 == 0 ? reserve((end - start) / 8, of: field) : fail(.truncated)
    case .fixed32: return (end - start) % 4 == 0 ? reserve((end - start) / 4, of: field) : fail(.truncated)
    default: break
    }
    var position = start
    while position < end {
      guard reserve(1, of: field), skip(0, &position, end) else { return false }
    }
    return true
  }

  private mutating func length(_ position: inout Int, _ end: Int) -> Int? {
    guard let length = WireReader.varint32(bytes, &position, end) else {
      _ = fail(position < end ? .invalidVarint : .truncated)
      return nil
    }
    guard Int(length) <= end - position else {
      _ = fail(.truncated)
      return nil
    }
    return Int(length)
  }

  /// Steps over the value of a field.
  private mutating func skip(_ wireType: UInt8, _ position: inout Int, _ end: Int) -> Bool {
    switch wireType {
    case 0:
      if WireReader.skipVarint(bytes, &position, end) { return true }
      return fail(position < end ? .invalidVarint : .truncated)
    case 1, 5:
      let size = wireType == 1 ? 8 : 4
      guard end - position >= size else { return fail(.truncated) }
      position += size
      return true
    case 2:
      guard let length = length(&position, end) else { return false }
      position += length
      return true
    default:
      return fail(.invalidWireType(wireType))
    }
  }

  /// Takes places of a repeated field's counter. The counters count down from their limits.
  private mutating func reserve(_ values: Int, of field: WireSchema.Field) -> Bool {
    guard field.counter >= 0 else { return true }
    guard counters[field.counter] >= values else {
      // The limit is looked up when the error is made.
      return fail(.tooManyValues(limit: field.counter))
    }
    counters[field.counter] -= values
    return true
  }

  // MARK: Failing

  private mutating func fail(_ reason: MessageError.Reason) -> Bool {
    failure = reason
    return false
  }

  private mutating func fail(at place: Int) -> Bool {
    failurePath.append(place)
    return false
  }

  private func error(_ schema: WireSchema) -> MessageError {
    var reason = failure ?? .truncated
    if case .tooManyValues(let counter) = reason { reason = .tooManyValues(limit: schema.counterLimits[counter]) }
    let names = failurePath.reversed().map { $0 >= 0 ? schema.names[$0] : "\(-$0)" }
    return MessageError(reason, at: names.joined(separator: "."))
  }
}
