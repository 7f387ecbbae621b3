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
    self.init(
      spans, VoiceGateway.conversationMethod,
      ["rpc.system.name": "grpc", "rpc.method": "\(VoiceGateway.conversationMethod)"],
      key: key, began: began)
    if let awaitedKeys { spans.add("await_keys", below: span, from: began, to: awaitedKeys) }
  }

  /// The span of a socket, which is the whole call.
  ///
  /// - Parameter began: when its upgrade was accepted.
  init(socket spans: ConversationSpans, key: ConversationKey, began: Duration) {
    self.init(
      spans, SocketPath.conversation.rawValue, ["network.protocol.name": "websocket"], key: key, began: began)
  }

  private init(
    _ spans: ConversationSpans, _ name: String, _ attributes: SpanAttributes, key: ConversationKey, began: Duration
  ) {
    self.spans = spans
    var attributes = attributes
    attributes["gen_ai.conversation.id"] = "\(key.conversation)"
    span = spans.start(name, kind: .server, at: began, attributes)
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
