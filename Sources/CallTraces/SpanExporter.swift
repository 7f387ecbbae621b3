import Foundation
public import HTTPFetching
public import Logging
import Metrics

/// Sends ended spans to a receiver of OTLP over HTTP, in batches, beside the calls. While the receiver fails, spans wait
/// within the queue's bound.
public final class SpanExporter: Sendable {
  /// Where spans go, and whose they are.
  public struct Settings: Sendable {
    /// A URL that ``isUsable(_:)`` accepts, as in `https://otlp.example.com/v1/traces`.
    public var endpoint: String
    /// Header fields beside those of OTLP. Never logged.
    public var fields: [HTTPRequest.Field]
    /// What OpenTelemetry calls the resource: `service.name` and the like.
    public var resource: [(String, String)]

    /// Settings.
    public init(endpoint: String, fields: [HTTPRequest.Field] = [], resource: [(String, String)]) {
      self.endpoint = endpoint
      self.fields = fields
      self.resource = resource
    }

    /// Whether a URL is one of https, or of http on the loopback interface.
    public static func isUsable(_ endpoint: String) -> Bool { (try? FetchURL.check(endpoint)) != nil }
  }

  /// An exchange with the receiver.
  public typealias Send = @Sendable (HTTPRequest) async throws(HTTPError) -> HTTPAnswer

  /// Spans of a request.
  static let batch = 512
  /// Between looks at the queue.
  static let pause = Duration.seconds(1)
  /// The longest wait for a receiver that fails.
  static let longestPause = Duration.seconds(30)

  private let queue: SpanQueue
  private let settings: Settings
  private let send: Send
  private let log: Logger
  private let exported = Counter(label: "patchbay_spans_exported_total")
  private let refused = Counter(label: "patchbay_spans_dropped_total", dimensions: [("reason", "refused")])
  private let unsent = Counter(label: "patchbay_spans_dropped_total", dimensions: [("reason", "unsent")])

  /// An exporter that is not at work yet; see ``run()``.
  public init(of queue: SpanQueue, to settings: Settings, log: Logger, send: @escaping Send) {
    self.queue = queue
    self.settings = settings
    self.log = log
    self.send = send
  }

  /// With libcurl, a thread of its own for each request.
  public convenience init(of queue: SpanQueue, to settings: Settings, certificateAuthorities: String?, log: Logger) {
    let exchange = CurlExchange(
      limits: .init(maximumBytes: 65_536), certificateAuthorities: certificateAuthorities)
    self.init(of: queue, to: settings, log: log) { request throws(HTTPError) in
      try await exchange.perform(request, allowsPrivateAddresses: true)
    }
  }

  /// What became of a batch.
  enum Outcome: Equatable {
    case taken
    /// Never to be sent again.
    case refused(String)
    /// The receiver may take it later.
    case failed(String, wait: Duration?)
  }

  /// Exports until the task is cancelled, and then what is left: once, for as long as an exchange may take.
  public func run() async {
    var waiting: [FinishedSpan] = []
    var failures = 0
    var pause = Self.pause
    repeat {
      try? await Task.sleep(for: pause)
      pause = Self.pause
      while true {
        if waiting.isEmpty { waiting = queue.take(Self.batch) }
        if waiting.isEmpty { break }
        switch await export(waiting) {
        case .taken:
          if failures > 0 { log.notice("traces are exported again") }
        case .refused(let reason):
          refused.increment(by: waiting.count)
          log.error("the receiver of traces refuses them", metadata: ["why": "\(reason)", "spans": "\(waiting.count)"])
        case .failed(let reason, let wait):
          if failures == 0 {
            log.warning("traces cannot be exported; as many as fit wait", metadata: ["why": "\(reason)"])
          }
          failures = min(failures + 1, 16)
          pause = min(max(wait ?? .zero, Self.pause * (1 << failures)), Self.longestPause)
        }
        if pause > Self.pause { break }
        failures = 0
        waiting = []
      }
    } while !Task.isCancelled
    let left = waiting.count + queue.take(.max).count
    guard left > 0 else { return }
    unsent.increment(by: left)
    log.warning("spans were not exported before the end", metadata: ["spans": "\(left)"])
  }

  /// Sends a batch.
  func export(_ spans: [FinishedSpan]) async -> Outcome {
    guard let body = try? OTLPRequest(spans, resource: settings.resource).json else {
      return .refused("it cannot be written")
    }
    let request = HTTPRequest(
      .post, settings.endpoint, fields: [.init("Content-Type", "application/json")] + settings.fields, body: body)
    let answer: HTTPAnswer
    do { answer = try await send(request) } catch { return .failed("\(error)", wait: nil) }
    switch answer.status {
    case 200..<300:
      let rejected = min(Self.rejected(answer.body), spans.count)
      refused.increment(by: rejected)
      exported.increment(by: spans.count - rejected)
      return .taken
    case 429, 502, 503, 504:
      return .failed("the answer's status is \(answer.status)", wait: answer.retryAfter.map { .seconds($0) })
    default: return .refused("the answer's status is \(answer.status)")
    }
  }

  /// What the receiver says it did not take of a batch (`partialSuccess.rejectedSpans`).
  private static func rejected(_ body: [UInt8]) -> Int {
    struct Answer: Decodable {
      struct Partial: Decodable { var rejectedSpans: String? }
      var partialSuccess: Partial?
    }
    let answer = try? JSONDecoder().decode(Answer.self, from: Data(body))
    return max(0, answer?.partialSuccess?.rejectedSpans.flatMap(Int.init) ?? 0)
  }
}
