import Locking
import Metrics

/// Ended spans that wait to be exported: so many at most. Adding one waits for nobody; one that finds no room is dropped
/// and counted.
public final class SpanQueue: Sendable {
  private let spans = Locked<[FinishedSpan]>([])
  private let capacity: Int
  private let dropped = Counter(label: "patchbay_spans_dropped_total", dimensions: [("reason", "full")])

  /// An empty queue.
  public init(capacity: Int = 8_192) { self.capacity = capacity }

  func add(_ span: FinishedSpan) {
    let hasRoom = spans.withLock { spans in
      guard spans.count < capacity else { return false }
      spans.append(span)
      return true
    }
    if !hasRoom { dropped.increment() }
  }

  /// Takes the oldest, so many at most.
  public func take(_ most: Int) -> [FinishedSpan] {
    spans.withLock { spans in
      let taken = Array(spans.prefix(most))
      spans.removeFirst(taken.count)
      return taken
    }
  }
}
