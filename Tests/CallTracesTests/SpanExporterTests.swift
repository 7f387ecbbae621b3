import HTTPFetching
import Locking
import Logging
import Testing
import Tracing

@testable import CallTraces

@Suite("The exporter of spans")
struct SpanExporterTests {
  private let queue = SpanQueue()
  private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  private func exporter(_ answer: @escaping SpanExporter.Send) -> SpanExporter {
    SpanExporter(
      of: queue, to: .init(endpoint: "http://127.0.0.1:1/v1/traces", fields: [.init("x-key", "k")], resource: []),
      log: log, send: answer)
  }

  private func spans(_ count: Int) -> [FinishedSpan] {
    let queue = SpanQueue()
    for number in 0..<count { SpanRecorder(into: queue).startSpan("\(number)", context: .topLevel).end() }
    return queue.take(.max)
  }

  @Test("posts JSON with the fields of the configuration")
  func request() async throws {
    let seen = Locked<[HTTPRequest]>([])
    let exporter = exporter { request in
      seen.withLock { $0.append(request) }
      return HTTPAnswer(status: 200)
    }
    #expect(await exporter.export(spans(2)) == .taken)
    let request = try #require(seen.withLock { $0.first })
    #expect(request.method == .post && request.url == "http://127.0.0.1:1/v1/traces")
    #expect(request.fields == [.init("Content-Type", "application/json"), .init("x-key", "k")])
    #expect(request.body?.starts(with: Array(#"{"resourceSpans":"#.utf8)) == true)
  }

  @Test(
    "sends again what the receiver may take later, and nothing else",
    arguments: [
      (200, false), (400, false), (401, false), (404, false), (429, true), (502, true), (503, true), (504, true),
    ])
  func statuses(status: Int, isRetried: Bool) async throws {
    let outcome = await exporter { _ in HTTPAnswer(status: status, retryAfter: 7) }.export(spans(1))
    switch outcome {
    case .taken: #expect(status == 200)
    case .refused: #expect(!isRetried)
    case .failed(_, let wait): #expect(isRetried && wait == .seconds(7))
    }
  }

  @Test("keeps its spans while nobody answers")
  func unreachable() async throws {
    let outcome = await exporter { _ throws(HTTPError) in throw HTTPError.timeout }.export(spans(1))
    #expect(outcome == .failed("it took too long", wait: nil))
  }

  @Test("accepts an answer that is not what it should be", arguments: ["", "{", "[]", #"{"partialSuccess":{}}"#])
  func answers(body: String) async throws {
    let exporter = exporter { _ in HTTPAnswer(status: 200, body: Array(body.utf8)) }
    #expect(await exporter.export(spans(1)) == .taken)
  }

  @Test("ends with what is left, in batches, once it is told to end")
  func end() async throws {
    let sizes = Locked<[Int]>([])
    let exporter = exporter { request in
      let count = String(decoding: request.body ?? [], as: UTF8.self).matches(of: /"traceId"/).count
      sizes.withLock { $0.append(count) }
      return HTTPAnswer(status: 200)
    }
    for _ in 0..<1_100 { SpanRecorder(into: queue).startSpan("a", context: .topLevel).end() }
    let task = Task { await exporter.run() }
    task.cancel()
    await task.value
    #expect(sizes.withLock { $0 } == [512, 512, 76])
    #expect(queue.take(.max).isEmpty)
  }

  @Test("of a receiver that is gone it waits for no more than one exchange at the end")
  func deadEnd() async throws {
    let attempts = Locked(0)
    let exporter = exporter { _ throws(HTTPError) in
      attempts.withLock { $0 += 1 }
      throw HTTPError.timeout
    }
    for _ in 0..<600 { SpanRecorder(into: queue).startSpan("a", context: .topLevel).end() }
    let task = Task { await exporter.run() }
    task.cancel()
    await task.value
    #expect(attempts.withLock { $0 } == 1)
    #expect(queue.take(.max).isEmpty)
  }

  @Test(
    "goes to https, or to this machine",
    arguments: [
      ("https://otlp.example.com/v1/traces", true), ("http://127.0.0.1:4318/v1/traces", true),
      ("http://localhost:4318/v1/traces", true), ("http://collector:4318/v1/traces", false), ("ftp://x", false),
      ("https://user:word@otlp.example.com/", false), ("", false),
    ])
  func endpoints(url: String, isUsable: Bool) { #expect(SpanExporter.Settings.isUsable(url) == isUsable) }
}
