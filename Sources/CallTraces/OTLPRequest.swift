import Foundation
import Tracing

/// Spans as an `ExportTraceServiceRequest` in JSON (OTLP 1.x: ids in hexadecimal, 64-bit numbers as text, enumerations as
/// numbers).
struct OTLPRequest: Encodable {
  struct ResourceSpans: Encodable {
    var resource: Resource
    var scopeSpans: [ScopeSpans]
  }

  struct Resource: Encodable { var attributes: [Attribute] }

  struct ScopeSpans: Encodable {
    var scope = Scope()
    var spans: [Span]
  }

  struct Scope: Encodable { var name = "patchbay" }

  struct Span: Encodable {
    var traceId: String
    var spanId: String
    var parentSpanId: String?
    var flags = 0x101  // sampled; and whether the parent is elsewhere is known: it is not
    var name: String
    var kind: Int
    var startTimeUnixNano: String
    var endTimeUnixNano: String
    var attributes: [Attribute]
    var droppedAttributesCount: Int?
    var events: [Event]?
    var droppedEventsCount: Int?
    var links: [Link]?
    var droppedLinksCount: Int?
    var status: Status?
  }

  struct Event: Encodable {
    var timeUnixNano: String
    var name: String
    var attributes: [Attribute]
  }

  struct Link: Encodable {
    var traceId: String
    var spanId: String
  }

  struct Status: Encodable {
    var code: Int
    var message: String?
  }

  struct Attribute: Encodable {
    var key: String
    var value: Value
  }

  /// `AnyValue`: exactly one of them.
  struct Value: Encodable {
    var stringValue: String?
    var boolValue: Bool?
    var intValue: String?
    var doubleValue: Double?
    var arrayValue: List?

    struct List: Encodable { var values: [Value] }
  }

  var resourceSpans: [ResourceSpans]

  init(_ spans: [FinishedSpan], resource: [(String, String)]) {
    resourceSpans = [
      ResourceSpans(
        resource: Resource(attributes: resource.map { Attribute(key: $0.0, value: .text($0.1)) }),
        scopeSpans: [ScopeSpans(spans: spans.map(Span.init))])
    ]
  }

  /// The request's body.
  var json: [UInt8] {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
      encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
      return Array(try encoder.encode(self))
    }
  }
}

extension OTLPRequest.Span {
  init(_ span: FinishedSpan) {
    let (attributes, dropped) = OTLPRequest.Attribute.list(span.attributes)
    self.init(
      traceId: span.context.traceID, spanId: span.context.spanID, parentSpanId: span.parent?.hexadecimal,
      name: span.name.bounded, kind: Self.number(span.kind), startTimeUnixNano: "\(span.start)",
      endTimeUnixNano: "\(span.end)", attributes: attributes, droppedAttributesCount: dropped.nonZero,
      events: span.events.isEmpty ? nil : span.events.map(OTLPRequest.Event.init),
      droppedEventsCount: span.droppedEvents.nonZero,
      links: span.links.isEmpty
        ? nil : span.links.map { OTLPRequest.Link(traceId: $0.traceID, spanId: $0.spanID) },
      droppedLinksCount: span.droppedLinks.nonZero,
      status: span.status.map { OTLPRequest.Status(code: $0.code == .ok ? 1 : 2, message: $0.message?.bounded) })
  }

  private static func number(_ kind: SpanKind) -> Int {
    switch kind {
    case .internal: 1
    case .server: 2
    case .client: 3
    case .producer: 4
    case .consumer: 5
    }
  }
}

extension OTLPRequest.Event {
  fileprivate init(_ event: SpanEvent) {
    self.init(
      timeUnixNano: "\(event.nanosecondsSinceEpoch)", name: event.name.bounded,
      attributes: OTLPRequest.Attribute.list(event.attributes).kept)
  }
}

extension OTLPRequest.Attribute {
  /// In the order of their names; and how many were too many.
  fileprivate static func list(_ attributes: SpanAttributes) -> (kept: [Self], dropped: Int) {
    var all: [Self] = []
    attributes.forEach { key, value in all.append(Self(key: key.bounded, value: .init(value))) }
    all.sort { $0.key < $1.key }
    let kept = Array(all.prefix(FinishedSpan.maximumAttributes))
    return (kept, all.count - kept.count)
  }
}

extension OTLPRequest.Value {
  fileprivate static func text(_ text: String) -> Self { Self(stringValue: text.bounded) }
  fileprivate static func integer(_ number: some BinaryInteger) -> Self { Self(intValue: "\(number)") }

  private static func list<Element>(_ elements: [Element], _ value: (Element) -> Self) -> Self {
    Self(arrayValue: List(values: elements.prefix(FinishedSpan.maximumAttributes).map(value)))
  }

  fileprivate init(_ attribute: SpanAttribute) {
    self =
      switch attribute {
      case .int32(let number): .integer(number)
      case .int64(let number): .integer(number)
      case .double(let number): Self(doubleValue: number)
      case .bool(let flag): Self(boolValue: flag)
      case .string(let text): .text(text)
      case .stringConvertible(let value): .text("\(value)")
      case .int32Array(let numbers): .list(numbers, Self.integer)
      case .int64Array(let numbers): .list(numbers, Self.integer)
      case .doubleArray(let numbers): .list(numbers) { Self(doubleValue: $0) }
      case .boolArray(let flags): .list(flags) { Self(boolValue: $0) }
      case .stringArray(let texts): .list(texts, Self.text)
      case .stringConvertibleArray(let values): .list(values) { .text("\($0)") }
      default: .text("")
      }
  }
}

extension String {
  /// What a span may hold of it.
  fileprivate var bounded: String {
    utf8.count <= FinishedSpan.maximumText
      ? self : String(decoding: utf8.prefix(FinishedSpan.maximumText), as: UTF8.self)
  }
}

extension Int {
  fileprivate var nonZero: Int? { self == 0 ? nil : self }
}
