import Basics
import CallTraces
import Foundation
import GatewayConfiguration
import HTTPFetching
import Logging
import Synchronization
import TokenVerification
import Tracing

/// The tracer and its exporter, as the configuration wants them.
struct TraceParts: Sendable {
  let recorder: SpanRecorder
  private let exporter: SpanExporter

  private static let isBootstrapped = Atomic<Bool>(false)

  /// `nil` where nothing is traced. Throws where a header's secret cannot be read.
  init?(_ configuration: Configuration, log: Logger) throws {
    guard let traces = configuration.telemetry.traces else { return nil }
    let queue = SpanQueue()
    recorder = SpanRecorder(into: queue, percent: traces.percent)
    exporter = SpanExporter(
      of: queue,
      to: .init(
        endpoint: traces.endpoint, fields: try traces.headers.map { .init($0.name, try $0.read()) },
        resource: [
          ("service.name", "patchbay"), ("service.version", Version.text),
          ("service.instance.id", UUID().uuidString.lowercased()),
        ]),
      certificateAuthorities: traces.certificateAuthorities, log: log)
  }

  /// Exports until the task is cancelled, and then what is left.
  func export() async { await exporter.run() }

  /// Makes this the process's tracer, for engines that have spans of their own. The first of a process wins.
  func bootstrap() {
    let isFirst = Self.isBootstrapped.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged
    if isFirst { InstrumentationSystem.bootstrap(recorder) }
  }
}

/// Fetches key sets with a span for each: a trace of its own, since all calls share the keys.
struct TracedKeySetFetcher: KeySetFetcher {
  let fetcher = CurlKeySetFetcher()
  let recorder: SpanRecorder

  func fetch(_ issuer: TrustedIssuer) async throws(KeySetFetchError) -> KeySetDocument {
    let span = recorder.startSpan("GET", context: .topLevel, ofKind: .client)
    defer { span.end() }
    span.attributes["http.request.method"] = "GET"
    span.attributes["url.full"] = issuer.keysURL
    do throws(KeySetFetchError) {
      let document = try await fetcher.fetch(issuer)
      span.attributes["http.response.status_code"] = 200
      return document
    } catch {
      if case .status(let status, _) = error { span.attributes["http.response.status_code"] = status }
      span.attributes["error.type"] = error.kind
      span.setStatus(SpanStatus(code: .error))
      throw error
    }
  }
}

extension KeySetFetchError {
  /// OpenTelemetry's `error.type`: a status, or a word.
  fileprivate var kind: String {
    switch self {
    case .status(let status, _): "\(status)"
    case .http(.timeout): "timeout"
    case .http(.tls): "tls"
    case .http: "connection"
    case .malformed, .noUsableKeys: "key_set"
    }
  }
}
