import Logging

/// One line of the log before it is written down.
struct LogRecord {
  /// Nanoseconds since 1970, UTC.
  var time: Int64
  /// `nil` for an announcement.
  var level: Logger.Level?
  var label: String
  var message: String
  var error: String?
  var metadata: Logger.Metadata
}
