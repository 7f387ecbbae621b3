public import Tracing

/// The process's tracer: records spans of the traces that are chosen, and hands their context on as `traceparent`.
public final class SpanRecorder: Tracer {
  private let queue: SpanQueue
  private let percent: Int

  /// - Parameters:
  ///   - queue: where spans wait that have ended.
  ///   - percent: how many of a hundred new traces are recorded, 1 to 100.
  public init(into queue: SpanQueue, percent: Int = 100) {
    self.queue = queue
    self.percent = percent
  }

  /// Begins a span: of the context's trace, or of a new one where it has none.
  public func startSpan<Instant: TracerInstant>(
    _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
    at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
  ) -> RecordedSpan {
    var context = context()
    let parent = context.trace
    guard parent != nil || percent >= 100 || Int.random(in: 0..<100) < percent else {
      return RecordedSpan(context, nil, named: operationName, in: queue)
    }
    let own = parent?.next() ?? .root()
    context.trace = own
    let start = instant().nanosecondsSinceEpoch
    let record = FinishedSpan(
      context: own, parent: parent?.span, name: operationName, kind: kind, start: start, end: start)
    return RecordedSpan(context, record, named: operationName, in: queue)
  }

  /// Nothing: the exporter has its own time.
  public func forceFlush() {}

  /// Sets `traceparent`.
  public func inject<Carrier, Inject: Injector>(
    _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
  ) where Inject.Carrier == Carrier {
    if let trace = context.trace { injector.inject(trace.traceparent, forKey: "traceparent", into: &carrier) }
  }

  /// Nothing: whoever calls begins no trace of ours.
  public func extract<Carrier, Extract: Extractor>(
    _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
  ) where Extract.Carrier == Carrier {}
}
