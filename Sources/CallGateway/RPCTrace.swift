import CallTraces
import GRPCTransport
import Tracing

/// The span of one RPC, from its beginning to its status. On the RPC's loop.
struct RPCTrace {
  private let spans: ConversationSpans
  private let span: RecordedSpan

  /// - Parameters:
  ///   - began: when the RPC began.
  ///   - awaitedKeys: until when its token waited for the issuer's keys, where it did.
  init(_ spans: ConversationSpans, key: ConversationKey, began: Duration, awaitedKeys: Duration?) {
    self.spans = spans
    let method = VoiceGateway.conversationMethod
    span = spans.start(
      method, kind: .server, at: began,
      [
        "rpc.system.name": "grpc", "rpc.method": "\(method)", "gen_ai.conversation.id": "\(key.conversation)",
      ])
    if let awaitedKeys { spans.add("await_keys", below: span, from: began, to: awaitedKeys) }
  }

  func end(_ status: RPCStatus.Code, at time: Duration) {
    span.attributes["rpc.response.status_code"] = "\(status)"
    if Self.failures.contains(status) { span.fail("\(status)") }
    spans.end(span, at: time)
  }

  /// What is the server's fault, by OpenTelemetry's conventions for gRPC servers.
  private static let failures: Set<RPCStatus.Code> = [
    .unknown, .deadlineExceeded, .unimplemented, .internal, .unavailable, .dataLoss,
  ]
}
