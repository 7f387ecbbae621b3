import CYaml

/// libYAML's events for a text. Yams' own nodes are not used for reading: by the time it returns them, aliases have been
/// followed, nesting recursed into and all but the first duplicate key forgotten.
final class YAMLEvents {
  /// One event, with its place counted from 1.
  struct Event {
    enum Kind {
      case scalar(String, isPlain: Bool)
      case sequenceStart
      case mappingStart
      case collectionEnd
      case alias
      case documentStart
      case streamEnd
      /// Events that carry nothing.
      case other
    }

    var kind: Kind
    var hasAnchor = false
    var hasTag = false
    var line: Int
    var column: Int
  }

  /// What libYAML refused.
  struct FormatError: Error {
    var text: String
    var line: Int
    var column: Int
  }

  // libYAML keeps a pointer to the parser within the parser and one to the input: both stay at one address from `init`
  // to `deinit`.
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let input: UnsafeMutableBufferPointer<UInt8>
  private let isUsable: Bool
  /// What came before the input: a byte-order mark, which says nothing in UTF-8.
  private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  init(_ bytes: [UInt8]) {
    let bytes = bytes.starts(with: Self.byteOrderMark) ? bytes[3...] : bytes[...]
    parser = .allocate(capacity: 1)
    parser.initialize(to: yaml_parser_t())
    input = .allocate(capacity: bytes.count)
    _ = input.initialize(from: bytes)
    isUsable = yaml_parser_initialize(parser) == 1
    if isUsable {
      yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
      yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    }
  }

  deinit {
    if isUsable { yaml_parser_delete(parser) }
    parser.deallocate()
    input.deallocate()
  }

  /// The next event. After an error or the end of the stream, it must not be asked again.
  func next() throws(FormatError) -> Event {
    guard isUsable else { throw FormatError(text: "out of memory", line: 1, column: 1) }
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw syntaxError() }
    defer { yaml_event_delete(&event) }
    let kind: Event.Kind
    var hasAnchor = false
    var hasTag = false
    switch event.type {
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      kind = .scalar(text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
      hasAnchor = scalar.anchor != nil
      hasTag = scalar.tag != nil
    case YAML_SEQUENCE_START_EVENT:
      kind = .sequenceStart
      hasAnchor = event.data.sequence_start.anchor != nil
      hasTag = event.data.sequence_start.tag != nil
    case YAML_MAPPING_START_EVENT:
      kind = .mappingStart
      hasAnchor = event.data.mapping_start.anchor != nil
      hasTag = event.data.mapping_start.tag != nil
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: kind = .collectionEnd
    case YAML_ALIAS_EVENT: kind = .alias
    case YAML_DOCUMENT_START_EVENT: kind = .documentStart
    case YAML_STREAM_END_EVENT: kind = .streamEnd
    default: kind = .other
    }
    return Event(
      kind: kind, hasAnchor: hasAnchor, hasTag: hasTag, line: Int(event.start_mark.line) + 1,
      column: Int(event.start_mark.column) + 1)
  }

  private func syntaxError() -> FormatError {
    if parser.pointee.error == YAML_READER_ERROR { return characterError() }
    var text = parser.pointee.problem.map { String(cString: $0) } ?? "it cannot be read"
    if let context = parser.pointee.context { text = "\(String(cString: context)), \(text)" }
    return FormatError(
      text: text, line: Int(parser.pointee.problem_mark.line) + 1, column: Int(parser.pointee.problem_mark.column) + 1)
  }

  /// A character that no YAML has in it. libYAML tells such places in bytes from the start only.
  private func characterError() -> FormatError {
    let offset = min(Int(clamping: parser.pointee.problem_offset), input.count)
    let before = UnsafeBufferPointer(rebasing: input[..<offset])
    let line = before.count { $0 == 0x0A } + 1
    let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    let column = String(decoding: before[start...], as: UTF8.self).unicodeScalars.count + 1
    let character =
      switch String(decoding: input[offset...].prefix(4), as: UTF8.self).unicodeScalars.first?.value {
      case 0?: "a NUL byte"
      case let value?: "the control character U+\(Self.hexadecimal(value))"
      case nil: parser.pointee.problem.map { String(cString: $0) } ?? "what cannot be read"
      }
    return FormatError(text: "here is \(character); remove it, and save the file as UTF-8", line: line, column: column)
  }

  private static func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
