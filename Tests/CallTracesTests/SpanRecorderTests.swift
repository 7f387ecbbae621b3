import Testing
import Tracing

@testable import CallTraces

@Suite("The tracer")
struct SpanRecorderTests {
  private struct Carrier: Injector {
    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
  }

  private struct CanaryError: Error { let said = "canary-words" }

  private let queue = SpanQueue()
  private var recorder: SpanRecorder { SpanRecorder(into: queue) }

  private func instant(_ nanoseconds: UInt64) -> DefaultTracerClock.Timestamp {
    .init(nanosecondsSinceEpoch: nanoseconds)
  }

  @Test("gives a span the trace and the parent of its context; without one it begins a trace")
  func parents() throws {
    let recorder = recorder
    let root = recorder.startSpan("root", context: .topLevel)
    let child = recorder.startSpan("child", context: root.context, ofKind: .client)
    child.end()
    root.end()
    recorder.startSpan("other", context: .topLevel).end()
    let spans = queue.take(10)
    #expect(spans.map(\.name) == ["child", "root", "other"])
    #expect(spans[0].context.traceID == spans[1].context.traceID && spans[0].parent == spans[1].context.span)
    #expect(spans[1].parent == nil)
    #expect(spans[2].context.traceID != spans[1].context.traceID)
    #expect(spans[0].kind == .client)
  }

  @Test("gives work within a span its context, so that an engine's own spans belong to it")
  func taskLocal() throws {
    let recorder = recorder
    recorder.withSpan("outer", context: .topLevel) { _ in recorder.withSpan("inner") { _ in } }
    let spans = queue.take(10)
    #expect(spans.map(\.name) == ["inner", "outer"])
    #expect(spans[0].parent == spans[1].context.span)
  }

  @Test("hands the context on as traceparent, and takes nobody's")
  func propagation() throws {
    let span = recorder.startSpan("a", context: .topLevel)
    var carrier: [String: String] = [:]
    recorder.inject(span.context, into: &carrier, using: Carrier())
    let value = try #require(carrier["traceparent"])
    #expect(value.wholeMatch(of: /00-[0-9a-f]{32}-[0-9a-f]{16}-01/) != nil)
    #expect(value == span.context.trace?.traceparent)
  }

  @Test("ends a span once, and not before it began")
  func end() throws {
    let span = recorder.startSpan("a", context: .topLevel, at: instant(100))
    span.end(at: instant(50))
    span.end(at: instant(200))
    span.attributes["late"] = true
    #expect(!span.isRecording)
    let spans = queue.take(10)
    #expect(spans.count == 1)
    #expect(spans[0].start == 100 && spans[0].end == 100 && spans[0].attributes.isEmpty)
  }

  @Test("keeps an error's type, and nothing of its text")
  func errors() throws {
    #expect(throws: CanaryError.self) { try recorder.withSpan("a", context: .topLevel) { _ in throw CanaryError() } }
    let span = try #require(queue.take(1).first)
    #expect(span.status?.code == .error)
    #expect(span.events.first?.attributes.get("exception.type") == .string("CanaryError"))
    let written = String(decoding: try OTLPRequest([span], resource: []).json, as: UTF8.self)
    #expect(!written.contains("canary"))
  }

  @Test("records of a hundred traces as many as it is told, whole or not at all")
  func sampling() throws {
    let queue = SpanQueue()
    let recorder = SpanRecorder(into: queue, percent: 20)
    for _ in 0..<2_000 {
      let root = recorder.startSpan("root", context: .topLevel)
      if root.isRecording { recorder.startSpan("child", context: root.context).end() }
      root.end()
    }
    let spans = queue.take(.max)
    let roots = spans.count { $0.name == "root" }
    #expect((250...550).contains(roots))
    #expect(spans.count == roots * 2)
  }

  @Test("drops what finds no room")
  func bound() {
    let queue = SpanQueue(capacity: 3)
    let recorder = SpanRecorder(into: queue)
    for number in 0..<5 { recorder.startSpan("\(number)", context: .topLevel).end() }
    #expect(queue.take(2).map(\.name) == ["0", "1"])
    #expect(queue.take(10).map(\.name) == ["2"])
  }
}
