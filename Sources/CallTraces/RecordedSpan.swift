import Locking
public import Tracing

/// A span that is recorded until it ends, and then waits to be exported. One that never ends is never seen.
public final class RecordedSpan: Span {
  /// With this span as the one that others belong to.
  public let context: InstrumentationContext
  private let queue: SpanQueue
  /// `nil` once it has ended, and where it is not recorded.
  private let record: Locked<FinishedSpan?>
  private let firstName: String

  init(_ context: InstrumentationContext, _ record: FinishedSpan?, named name: String, in queue: SpanQueue) {
    self.context = context
    self.queue = queue
    self.record = Locked(record)
    firstName = name
  }

  private func change(_ body: (inout FinishedSpan) -> Void) {
    record.withLock { record in
      guard var span = record else { return }
      record = nil
      body(&span)
      record = span
    }
  }

  /// Whether anything that is said of it is kept.
  public var isRecording: Bool { record.withLock { $0 != nil } }

  /// Its name.
  public var operationName: String {
    get { record.withLock { $0?.name } ?? firstName }
    set { change { $0.name = newValue } }
  }

  /// Its attributes; none once it has ended.
  public var attributes: SpanAttributes {
    get { record.withLock { $0?.attributes } ?? [:] }
    set { change { $0.attributes = newValue } }
  }

  /// Says whether it failed.
  public func setStatus(_ status: SpanStatus) { change { $0.status = status } }

  /// Notes something that happened.
  public func addEvent(_ event: SpanEvent) {
    change { span in
      guard span.events.count < FinishedSpan.maximumEvents else { return span.droppedEvents += 1 }
      span.events.append(event)
    }
  }

  /// Notes an error by its type: its text may quote what the caller said.
  public func recordError<Instant: TracerInstant>(
    _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
  ) {
    var attributes = attributes
    attributes["exception.type"] = "\(type(of: error))"
    addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
  }

  /// Notes a span elsewhere.
  public func addLink(_ link: SpanLink) {
    guard let context = link.context.trace else { return }
    change { span in
      guard span.links.count < FinishedSpan.maximumEvents else { return span.droppedLinks += 1 }
      span.links.append(context)
    }
  }

  /// Ends it, once.
  public func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
    let ended = record.withLock { record in
      defer { record = nil }
      return record
    }
    guard var ended else { return }
    ended.end = max(ended.start, instant().nanosecondsSinceEpoch)
    queue.add(ended)
  }
}
