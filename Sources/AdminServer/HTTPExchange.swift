import CMicroHTTPD
import Glibc
import Logging

/// What the daemon's thread does: takes connections, gives requests to the site and its answers back.
///
/// Not `Sendable`: used by the thread that starts the daemon until the daemon has its own, and only by that from then on.
final class HTTPExchange {
  /// Connections at once; the one too many ends the oldest.
  static let maximumConnections = 64

  /// What the library said last, which tells why it does not start.
  private(set) var lastMessage = "no reason given"
  /// The sockets of the open connections, the oldest first.
  private var sockets: [Int32] = []
  private let logger: Logger
  private let respond: @Sendable (HTTPRequest) -> HTTPResponse

  /// - Parameter respond: makes the answer; must not wait.
  init(logger: Logger, respond: @escaping @Sendable (HTTPRequest) -> HTTPResponse) {
    self.logger = logger
    self.respond = respond
  }

  /// At debug level, because a client can cause it as often as it likes.
  func log(_ message: String) {
    lastMessage = String(message.reversed().drop { $0.isWhitespace }.reversed())
    logger.debug("admin port", metadata: ["reason": "\(lastMessage)"])
  }

  /// Keeps clients that say nothing, or one byte now and then, from keeping all others out: at the limit the library
  /// accepts nobody, so the oldest connection is ended there. The library closes what is shut down here.
  func note(_ event: MHD_ConnectionNotificationCode, socket: Int32) {
    guard event == .CONNECTION_NOTIFY_STARTED else { return sockets.removeAll { $0 == socket } }
    sockets.append(socket)
    if sockets.count >= Self.maximumConnections { shutdown(sockets.removeFirst(), Int32(SHUT_RDWR)) }
  }

  /// Answers a request once its head is there; no body is ever read, and the connection ends with the answer.
  func answer(_ connection: OpaquePointer, _ method: String, _ path: String) -> MHD_Result {
    func field(_ name: String) -> String? {
      MHD_lookup_connection_value(connection, .HEADER_KIND, name).map { String(cString: $0) }
    }
    let request = HTTPRequest(
      method: method, path: path, host: field("Host"), authorization: field("Authorization"),
      hasBody: field("Transfer-Encoding") != nil || field("Content-Length").map { $0 != "0" } ?? false)
    let answer = respond(request)
    // The library copies the bytes and never writes to them.
    let response = answer.body.withUnsafeBytes {
      MHD_create_response_from_buffer($0.count, UnsafeMutableRawPointer(mutating: $0.baseAddress), .RESPMEM_MUST_COPY)
    }
    guard let response else { return .NO }
    defer { MHD_destroy_response(response) }
    let fields = [
      ("Content-Type", answer.contentType), ("Connection", "close"), ("Cache-Control", "no-store"),
      ("X-Content-Type-Options", "nosniff"),
    ]
    for (name, value) in fields + answer.fields {
      guard MHD_add_response_header(response, name, value) == .YES else { return .NO }
    }
    return MHD_queue_response(connection, UInt32(answer.status), response)
  }
}
