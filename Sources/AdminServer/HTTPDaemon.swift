import CMicroHTTPD
import Glibc

/// The one owner of a libmicrohttpd daemon: a thread that answers requests from here on until this value is destroyed.
///
/// `@unchecked Sendable`: after `init` the pointer is used by `deinit` alone, once, because this cannot be copied; a
/// daemon may be stopped from any thread but its own. The exchange is only kept alive here.
struct HTTPDaemon: ~Copyable, @unchecked Sendable {
  /// Bytes of memory a connection may take, most of them for its request's head.
  static let connectionMemory = 32_768

  /// The port that was bound.
  let port: UInt16

  private let daemon: OpaquePointer
  /// The daemon's thread uses it through an unretained pointer: it is released only after `deinit` has ended that
  /// thread, and nothing else uses it while the thread runs.
  private let exchange: HTTPExchange

  /// Binds and serves.
  ///
  /// - Parameter patience: seconds for which a connection may be silent.
  init(
    _ address: AdminServer.Address, patience: UInt32 = 10, exchange: HTTPExchange
  ) throws(AdminServer.BindError) {
    var hints = addrinfo()
    hints.ai_flags = AI_NUMERICHOST
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let host = address.host == "localhost" ? "127.0.0.1" : address.host
    guard getaddrinfo(host, String(address.port), &hints, &found) == 0, let found else {
      throw AdminServer.BindError(description: "cannot listen on \(address): not an IP address")
    }
    defer { freeaddrinfo(found) }
    let daemon = patchbay_http_start(
      found.pointee.ai_addr, address.port, Self.connectionMemory, UInt32(HTTPExchange.maximumConnections), patience,
      { context, connection, path, method, _, _, _, _ in
        guard let connection, let path, let method else { return .NO }
        return HTTPDaemon.exchange(context)?.answer(connection, String(cString: method), String(cString: path))
          ?? .NO
      },
      { context, connection, _, event in
        guard let connection else { return }
        HTTPDaemon.exchange(context)?.note(event, socket: patchbay_http_socket(connection))
      },
      { context, format, arguments in
        var text = [CChar](repeating: 0, count: 256)
        guard let format, let arguments, vsnprintf(&text, text.count, format, arguments) >= 0 else { return }
        HTTPDaemon.exchange(context)?.log(
          String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
      },
      Unmanaged.passUnretained(exchange).toOpaque())
    guard let daemon else {
      throw AdminServer.BindError(description: "cannot listen on \(address): \(exchange.lastMessage)")
    }
    self.daemon = daemon
    self.exchange = exchange
    port = patchbay_http_port(daemon)
  }

  /// Ends the thread, which never waits for anything but sockets, and closes the port and all connections.
  deinit { MHD_stop_daemon(daemon) }

  private static func exchange(_ context: UnsafeMutableRawPointer?) -> HTTPExchange? {
    context.map { Unmanaged<HTTPExchange>.fromOpaque($0).takeUnretainedValue() }
  }
}
