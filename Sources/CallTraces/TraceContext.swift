import Basics
public import Tracing

/// Which span of which trace something belongs to, as it is handed on (W3C Trace Context, version 00).
public struct TraceContext: Sendable, Hashable {
  /// The trace's id, its upper and lower halves; not both 0.
  public let trace: (upper: UInt64, lower: UInt64)
  /// The span's id; not 0.
  public let span: UInt64

  /// A span of a new trace.
  static func root() -> TraceContext {
    TraceContext(trace: (.random(in: 1 ... .max), .random(in: 0 ... .max)), span: .random(in: 1 ... .max))
  }

  /// Another span of the same trace.
  func next() -> TraceContext { TraceContext(trace: trace, span: .random(in: 1 ... .max)) }

  /// 32 hexadecimal digits.
  public var traceID: String { trace.upper.hexadecimal + trace.lower.hexadecimal }
  /// 16 hexadecimal digits.
  public var spanID: String { span.hexadecimal }
  /// The value of the header `traceparent`.
  public var traceparent: String { "00-\(traceID)-\(spanID)-01" }

  /// Whether both name the same span.
  public static func == (left: TraceContext, right: TraceContext) -> Bool {
    left.trace == right.trace && left.span == right.span
  }

  /// By the span.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(trace.upper)
    hasher.combine(trace.lower)
    hasher.combine(span)
  }
}

extension InstrumentationContext {
  private enum Key: InstrumentationContextKey {
    typealias Value = TraceContext
    static let nameOverride: String? = "traceparent"
  }

  /// The span that what is done in this context belongs to; `nil` where it is not traced.
  public var trace: TraceContext? {
    get { self[Key.self] }
    set { self[Key.self] = newValue }
  }
}
