public import Tracing

/// A span as it is exported: complete, and within its bounds.
public struct FinishedSpan: Sendable {
  /// The most attributes; further ones are counted.
  static let maximumAttributes = 64
  /// The most events, and the most links.
  static let maximumEvents = 32
  /// Bytes of a text, of a name and of a list's elements together with their number.
  static let maximumText = 1_024

  /// Its own ids.
  public let context: TraceContext
  /// The span above it in the trace.
  public let parent: UInt64?
  /// What was done.
  public internal(set) var name: String
  /// On which side.
  public let kind: SpanKind
  /// In nanoseconds since 1970.
  public let start: UInt64
  /// In nanoseconds since 1970; not before ``start``.
  public internal(set) var end: UInt64
  /// What is known of it.
  public internal(set) var attributes: SpanAttributes = [:]
  /// Whether it failed, where that is known.
  public internal(set) var status: SpanStatus?
  /// What happened meanwhile.
  public internal(set) var events: [SpanEvent] = []
  /// Spans elsewhere that it has to do with.
  public internal(set) var links: [TraceContext] = []
  var droppedEvents = 0
  var droppedLinks = 0
}
