import CallTraces
import Tracing

/// Where the spans of one conversation's trace begin, on whatever loop. Its times are the loops' (monotonic).
struct ConversationSpans: Sendable {
  private let recorder: SpanRecorder
  /// Nanoseconds since 1970 at the origin of the loops' clock.
  private let origin: Int64
  /// The conversation's own span.
  let root: RecordedSpan

  /// Begins the trace; `nil` where this conversation is not one that is traced.
  ///
  /// - Parameters:
  ///   - now: of the loops' clock.
  ///   - wall: nanoseconds since 1970 at that time.
  init?(_ recorder: SpanRecorder, now: Duration, wall: Int64) {
    self.recorder = recorder
    origin = wall &- now.nanoseconds
    root = recorder.startSpan(
      "conversation", context: .topLevel, at: Self.instant(now, since: origin))
    guard root.isRecording else { return nil }
  }

  /// Begins a span of the trace, below the conversation's own unless another is given.
  func start(
    _ name: String, kind: SpanKind = .internal, below parent: RecordedSpan? = nil, at time: Duration,
    _ attributes: SpanAttributes = [:]
  ) -> RecordedSpan {
    let span = recorder.startSpan(
      name, context: (parent ?? root).context, ofKind: kind, at: instant(time))
    span.attributes = attributes
    return span
  }

  /// A span that is over already.
  func add(
    _ name: String, below parent: RecordedSpan? = nil, from start: Duration, to end: Duration,
    _ attributes: SpanAttributes = [:]
  ) {
    self.start(name, below: parent, at: start, attributes).end(at: instant(end))
  }

  func end(_ span: RecordedSpan, at time: Duration) { span.end(at: instant(time)) }

  private func instant(_ time: Duration) -> DefaultTracerClock.Timestamp { Self.instant(time, since: origin) }

  private static func instant(_ time: Duration, since origin: Int64) -> DefaultTracerClock.Timestamp {
    .init(nanosecondsSinceEpoch: UInt64(clamping: origin &+ time.nanoseconds))
  }
}

extension RecordedSpan {
  /// Says that what it stands for failed, and of which kind the failure was.
  func fail(_ kind: String) {
    attributes["error.type"] = kind
    setStatus(SpanStatus(code: .error))
  }
}
