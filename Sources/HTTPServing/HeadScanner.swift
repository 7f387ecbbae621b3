/// Bounds a request's head before it is parsed, and tells what the parser cannot be asked about. Bytes in, a verdict out.
///
/// A pure value. It looks at the lines until the empty one that ends the head; everything after it passes.
struct HeadScanner: Sendable {
  /// What is wrong with a head.
  enum HeadError: Error, Hashable {
    /// Whoever sends this does not speak HTTP: it is not answered.
    case garbage
    /// It is answered with this.
    case refused(status: Int, reason: String)
  }

  private let maximumBytes: Int
  private let maximumFields: Int
  private var bytes = 0
  /// Lines that have ended, but for empty ones before the first.
  private var lines = 0
  private var line: [UInt8] = []
  private(set) var isOver = false

  init(maximumBytes: Int, maximumFields: Int) {
    self.maximumBytes = maximumBytes
    self.maximumFields = maximumFields
  }

  /// Looks at the next bytes.
  mutating func scan(_ span: Span<UInt8>) throws(HeadError) {
    var index = 0
    while !isOver, index < span.count {
      let byte = span[index]
      index += 1
      bytes += 1
      guard bytes <= maximumBytes else {
        throw lines == 0
          ? .refused(status: 414, reason: "a request's target may have about \(maximumBytes) bytes")
          : .refused(status: 431, reason: "a request's head may have \(maximumBytes) bytes")
      }
      if byte == UInt8(ascii: "\n") { try endLine() } else { line.append(byte) }
    }
  }

  private mutating func endLine() throws(HeadError) {
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    defer { line.removeAll(keepingCapacity: true) }
    guard !line.isEmpty else {
      isOver = lines > 0
      return
    }
    lines += 1
    if lines == 1 { return try checkRequestLine() }
    guard lines - 1 <= maximumFields else {
      throw .refused(status: 431, reason: "a request may have \(maximumFields) fields")
    }
    try checkLength()
  }

  /// Three words, the last of them a version that is spoken here.
  private func checkRequestLine() throws(HeadError) {
    let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    guard words.count == 3, words.allSatisfy({ !$0.isEmpty }) else { throw .garbage }
    let version = words[2]
    guard version.count == 8, version.starts(with: "HTTP/".utf8), version.dropFirst(6).first == UInt8(ascii: ".") else {
      throw .refused(status: 400, reason: "this is not HTTP")
    }
    guard version.dropFirst(5).first == UInt8(ascii: "1") else {
      throw .refused(status: 505, reason: "only HTTP/1.1 is spoken here")
    }
  }

  /// A length that no number holds is too long, and not a mistake.
  private func checkLength() throws(HeadError) {
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")),
      String(decoding: line[..<colon], as: UTF8.self).lowercased() == "content-length"
    else { return }
    let digits = line[(colon + 1)...].drop { $0 == UInt8(ascii: " ") }
    if digits.count > 18, digits.allSatisfy({ (0x30...0x39).contains($0) }) {
      throw .refused(status: 413, reason: "no body is that long")
    }
  }
}
