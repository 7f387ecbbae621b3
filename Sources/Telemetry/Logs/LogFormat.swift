/// How a line of the log is written.
public enum LogFormat: String, Sendable, CaseIterable {
  /// One JSON object (RFC 8259).
  case json
  /// One line for people: time, level, label, message, then `key=value` pairs.
  case text
}
