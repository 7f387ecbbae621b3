import CMicroHTTPD
import Glibc
import Locking
public import Logging
import Synchronization

/// What a daemon's threads do: take connections, give requests to whoever answers them and the answers back.
public final class HTTPExchange: Sendable {
  private struct State {
    /// What the library said last, which tells why it does not start.
    var lastMessage = "no reason given"
    /// The sockets of the open connections, the oldest first.
    var sockets: [Int32] = []
  }

  let limits: HTTPLimits
  private let name: String
  private let state = Locked(State())
  private let isEnding = Atomic(false)
  private let logger: Logger
  private let crowdedOut: @Sendable () -> Void
  private let readsBody: @Sendable (_ head: ServerRequest) -> Bool
  private let respond: @Sendable (ServerRequest) -> ServerResponse

  /// - Parameters:
  ///   - name: the port's, for the log.
  ///   - crowdedOut: told of each connection that had to make room for another.
  ///   - readsBody: whether a request's body is read, where the limits allow any; asked with the head alone. Otherwise
  ///     the head is answered: who is refused is not listened to.
  ///   - respond: makes the answer, on the daemon's thread or the connection's; must not wait.
  public init(
    name: String, limits: HTTPLimits = HTTPLimits(), logger: Logger, crowdedOut: @escaping @Sendable () -> Void = {},
    readsBody: @escaping @Sendable (_ head: ServerRequest) -> Bool = { _ in true },
    respond: @escaping @Sendable (ServerRequest) -> ServerResponse
  ) {
    self.name = name
    self.limits = limits
    self.logger = logger
    self.crowdedOut = crowdedOut
    self.readsBody = readsBody
    self.respond = respond
  }

  /// The last thing that the library had to say.
  var lastMessage: String { state.withLock { $0.lastMessage } }

  /// At debug level, because a client can cause it as often as it likes.
  func log(_ message: String) {
    let message = String(message.reversed().drop { $0.isWhitespace }.reversed())
    state.withLock { $0.lastMessage = message }
    logger.debug("\(name)", metadata: ["reason": "\(message)"])
  }

  /// Late answers are not waited for from here on.
  func end() { isEnding.store(true, ordering: .releasing) }

  /// Keeps clients that say nothing, or one byte now and then, from keeping all others out: at the limit the library
  /// accepts nobody, so the oldest connection is ended there. The library closes what is shut down here.
  func note(_ event: MHD_ConnectionNotificationCode, socket: Int32) {
    let crowds = state.withLock { state in
      guard event == .CONNECTION_NOTIFY_STARTED else {
        state.sockets.removeAll { $0 == socket }
        return false
      }
      state.sockets.append(socket)
      guard state.sockets.count >= limits.connections else { return false }
      shutdown(state.sockets.removeFirst(), Int32(SHUT_RDWR))
      return true
    }
    if crowds { crowdedOut() }
  }

  /// Takes a piece of a request: its head, then bytes of its body, then its end, with which it is answered. Where no
  /// body is read, or one is announced that is too long, the head is answered. The connection ends with the answer.
  func receive(
    _ connection: OpaquePointer, _ method: String, _ path: String, _ bytes: UnsafePointer<CChar>?, count: inout Int,
    body: inout UnsafeMutableRawPointer?
  ) -> MHD_Result {
    guard let pointer = body else {
      let head = request(connection, method, path, [])
      guard limits.body > 0, readsBody(head) else { return queue(respond(head), connection) }
      if let length = field("Content-Length", of: connection), Int(length) ?? .max > limits.body {
        return queue(tooLong, connection)
      }
      body = Unmanaged.passRetained(Body()).toOpaque()
      return .YES
    }
    let received = Unmanaged<Body>.fromOpaque(pointer).takeUnretainedValue()
    guard count == 0 else {
      let raw = UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : count)
      // In the middle of a body the library sends no answer: a client that did not say how much comes is cut off.
      guard received.bytes.count + raw.count <= limits.body else { return .NO }
      received.bytes.append(contentsOf: raw)
      count = 0
      return .YES
    }
    return queue(respond(request(connection, method, path, received.bytes)), connection)
  }

  private var tooLong: ServerResponse { .text(413, "a body may have \(limits.body) bytes") }

  /// Ends a request: what was kept of it goes.
  static func forget(_ body: inout UnsafeMutableRawPointer?) {
    guard let pointer = body else { return }
    Unmanaged<Body>.fromOpaque(pointer).release()
    body = nil
  }

  /// The body of a request as far as it has come. Belongs to its request, which one thread at a time handles.
  private final class Body {
    var bytes: [UInt8] = []
  }

  private func field(_ name: String, of connection: OpaquePointer) -> String? {
    MHD_lookup_connection_value(connection, .HEADER_KIND, name).map { String(cString: $0) }
  }

  private func request(
    _ connection: OpaquePointer, _ method: String, _ path: String, _ body: [UInt8]
  ) -> ServerRequest {
    let hasBody =
      field("Transfer-Encoding", of: connection) != nil
      || field("Content-Length", of: connection).map { $0 != "0" } ?? false
    return ServerRequest(
      method: method, path: path, host: field("Host", of: connection),
      authorization: field("Authorization", of: connection), hasBody: hasBody, body: body)
  }

  private func queue(_ answer: ServerResponse, _ connection: OpaquePointer) -> MHD_Result {
    wait(answer.delay)
    guard !answer.isDropped else { return .NO }
    // The library copies the bytes and never writes to them.
    let response = answer.body.withUnsafeBytes {
      MHD_create_response_from_buffer($0.count, UnsafeMutableRawPointer(mutating: $0.baseAddress), .RESPMEM_MUST_COPY)
    }
    guard let response else { return .NO }
    defer { MHD_destroy_response(response) }
    var fields = [("Content-Type", answer.contentType), ("Connection", "close"), ("X-Content-Type-Options", "nosniff")]
    if !answer.fields.contains(where: { $0.0 == "Cache-Control" }) { fields.append(("Cache-Control", "no-store")) }
    for (name, value) in fields + answer.fields {
      guard MHD_add_response_header(response, name, value) == .YES else { return .NO }
    }
    return MHD_queue_response(connection, UInt32(clamping: answer.status), response)
  }

  /// On the connection's own thread, which has nothing else to do.
  private func wait(_ delay: Duration) {
    guard limits.hasThreadPerConnection else { return }
    let step = Duration.milliseconds(20)
    var left = delay
    while left > .zero, !isEnding.load(ordering: .acquiring) {
      usleep(UInt32(clamping: Int64(min(left, step) / .microseconds(1))))
      left -= step
    }
  }
}
