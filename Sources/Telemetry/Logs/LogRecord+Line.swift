import Logging

extension LogRecord {
  /// The longest line, its line feed included, in bytes.
  static let maximumLineLength = 8_192

  /// The record as one line with a line feed: no control characters, card numbers masked, at most
  /// ``maximumLineLength`` bytes. What does not fit is cut, and the cut is marked.
  func line(_ format: LogFormat) -> [UInt8] {
    var line = LogLine()
    switch format {
    case .json: writeJSON(to: &line)
    case .text: writeText(to: &line)
    }
    return line.finished
  }

  private func writeJSON(to line: inout LogLine) {
    line.raw("{\"time\":\"")
    line.time(time)
    line.raw("\",\"level\":\"")
    line.raw(level?.rawValue ?? "notice")
    line.raw("\",\"label\":")
    line.quoted(label)
    if line.raw(",\"message\":") { line.quoted(message) }
    if let error, line.raw(",\"error\":") { line.quoted(error) }
    if !metadata.isEmpty, line.raw(",\"metadata\":") { line.json(.dictionary(metadata), depth: 0) }
    if line.isCut { line.closing(",\"cut\":true") }
    line.closing("}\n")
  }

  private func writeText(to line: inout LogLine) {
    line.time(time)
    line.raw(" ")
    line.raw(level?.rawValue ?? "notice")
    line.raw(" ")
    line.bare(label)
    line.raw(": ")
    line.bare(message)
    if let error, line.raw(" error=") { line.quoted(error) }
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      line.raw(" ")
      line.bare(key)
      if line.raw("=") { line.json(value, depth: 0) }
    }
    line.closing(line.isCut ? " (cut)\n" : "\n")
  }
}
