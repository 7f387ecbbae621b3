import GRPCTransport

/// What the gateway needs of an RPC: ``ServerCall``, or in tests one in memory. On its loop only.
protocol IncomingRPC: AnyObject {
  /// The loop that it lives on.
  var executor: any LoopExecutor { get }
  /// The address of the connection's other end.
  var peer: String { get }
  /// The client's certificate, where it has shown one.
  var peerCertificate: PeerCertificate? { get }
  /// Whether the client has been seen to half-close, before any status of ours.
  var isHalfClosed: Bool { get }
  /// Bytes sent that have not left yet.
  var queuedBytes: Int { get }
  /// How long until the client's deadline; `nil` where it has set none.
  var timeRemaining: Duration? { get }

  /// Every value of one header (lower-case key), in order.
  func values(for key: String) -> [String]
  /// Headers to go before the first message.
  func setInitialMetadata(_ metadata: Metadata)
  /// Begins or resumes reading.
  func startReading()
  /// Reads nothing further until ``startReading()``.
  func pauseReading()
  /// Queues a message; false where there is no room for it.
  func send(_ message: [UInt8]) -> Bool
  /// Ends the RPC; see ``ServerCall/finish(_:trailingMetadata:lingering:)``.
  func finish(_ status: RPCStatus, trailingMetadata: Metadata, lingering: Duration)
  /// Ends it, and waits for nothing of the client; see ``ServerCall/turnAway(_:trailingMetadata:)``.
  func turnAway(_ status: RPCStatus, trailingMetadata: Metadata)
}

extension IncomingRPC {
  /// The id shared with Webex support, where the client sent one that is no longer than such an id can be.
  var trackingID: String? { values(for: "trackingid").first.flatMap { $0.utf8.count <= 256 ? $0 : nil } }

  func finish(_ status: RPCStatus, lingering: Duration = .zero) {
    finish(status, trailingMetadata: [], lingering: lingering)
  }
}

extension ServerCall: IncomingRPC {
  var executor: any LoopExecutor { loop }
}
