/// What is needed of an RPC to another server: ``ClientCall``, or in tests one in memory. On its loop only.
package protocol OutgoingRPC: AnyObject {
  /// Bytes that have not left yet.
  var queuedBytes: Int { get }
  /// Queues a message; false where there is no room for it.
  func send(_ message: UnsafeRawBufferPointer) -> Bool
  /// There is no more to come.
  func halfClose()
  /// Breaks it off.
  func cancel()
  /// Reads on after ``pauseReading()``.
  func startReading()
  /// Reads nothing further.
  func pauseReading()
}

extension OutgoingRPC {
  /// Queues a message; false where there is no room for it.
  package func send(_ message: [UInt8]) -> Bool { message.withUnsafeBytes { send($0) } }
}

extension ClientCall: OutgoingRPC {}

/// What is needed of a connection to another server: ``GRPCChannel``, or in tests one in memory.
package protocol OutgoingConnection: AnyObject, Sendable {
  /// The loop that its RPCs live on.
  var executor: any LoopExecutor { get }
  /// Opens an RPC, on the loop only; the handler is never called from within. `nil` where there can be none, and the handler
  /// is told so next.
  func open(_ path: String, _ metadata: Metadata, handler: any ClientCallHandler) -> (any OutgoingRPC)?
}

extension GRPCChannel: OutgoingConnection {
  package var executor: any LoopExecutor { loop }

  package func open(_ path: String, _ metadata: Metadata, handler: any ClientCallHandler) -> (any OutgoingRPC)? {
    startCall(path: path, metadata: metadata, handler: handler)
  }
}
