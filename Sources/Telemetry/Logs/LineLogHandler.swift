public import Logging

/// A handler for swift-log that writes one line for each event to a ``LogSink``.
public struct LineLogHandler: LogHandler {
  private let sink: LogSink
  private let label: String
  /// A level of its own.
  private var ownLevel: Logger.Level?
  /// Metadata of every line.
  public var metadata: Logger.Metadata = [:]
  /// Metadata found when a line is logged.
  public var metadataProvider: Logger.MetadataProvider?

  init(sink: LogSink, label: String, level: Logger.Level?) {
    self.sink = sink
    self.label = label
    ownLevel = level
  }

  /// The least severe level that is logged: the sink's, until it is set.
  public var logLevel: Logger.Level {
    get { ownLevel ?? sink.level }
    set { ownLevel = newValue }
  }

  /// One value of ``metadata``.
  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Writes a line. The event's metadata wins over the provider's, and that over the handler's.
  public func log(event: LogEvent) {
    var all = metadata
    if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
    if let own = event.metadata { all.merge(own) { $1 } }
    sink.log(
      event.level, label: label, message: event.message.description, error: event.error.map { "\($0)" }, metadata: all)
  }
}
