import GRPCTransport

/// What a server's handler was told, for a test to wait for.
enum ServerEvent: Equatable, Sendable {
  case received([UInt8])
  case halfClosed
  case drained
  case ended(RPCEnd)
}

/// A handler that writes down what it is told and does what the test's closures say.
final class RecordingHandler: CallHandler {
  let call: ServerCall
  private let events: AsyncStream<ServerEvent>.Continuation
  private let react: (ServerCall, ServerEvent) -> Void

  init(
    _ call: ServerCall, events: AsyncStream<ServerEvent>.Continuation,
    react: @escaping (ServerCall, ServerEvent) -> Void
  ) {
    self.call = call
    self.events = events
    self.react = react
  }

  private func tell(_ event: ServerEvent) {
    events.yield(event)
    react(call, event)
  }

  func received(_ bytes: UnsafeRawBufferPointer) { tell(.received(Array(bytes))) }
  func halfClosed() { tell(.halfClosed) }
  func drained() { tell(.drained) }
  func ended(_ end: RPCEnd) {
    tell(.ended(end))
    events.finish()
  }
}

/// A method of one call, whose events a test reads.
struct RecordedMethod {
  static let path = "/test.Recorded/Call"

  let method: ServerMethod
  let events: AsyncStream<ServerEvent>

  init(begin: @escaping @Sendable (ServerCall) -> Void) { self.init(begin: begin) { _, _ in } }

  init(react: @escaping @Sendable (ServerCall, ServerEvent) -> Void = { _, _ in }) {
    self.init(begin: { $0.startReading() }, react: react)
  }

  init(
    begin: @escaping @Sendable (ServerCall) -> Void,
    react: @escaping @Sendable (ServerCall, ServerEvent) -> Void
  ) {
    let (events, continuation) = AsyncStream.makeStream(of: ServerEvent.self)
    self.events = events
    method = ServerMethod(path: Self.path) { call in
      let handler = RecordingHandler(call, events: continuation, react: react)
      begin(call)
      return handler
    }
  }

  /// Everything until the call has ended.
  func all() async -> [ServerEvent] {
    var found: [ServerEvent] = []
    for await event in events { found.append(event) }
    return found
  }
}
