import CMicroHTTPD
import Glibc

/// The one owner of a libmicrohttpd daemon: threads that answer requests from here on until this value is destroyed.
///
/// `@unchecked Sendable`: after `init` the pointer is used by `deinit` alone, once, because this cannot be copied; a
/// daemon may be stopped from any thread but its own. The exchange is only kept alive here, and told of the end.
public struct HTTPDaemon: ~Copyable, @unchecked Sendable {
  /// The port that was bound.
  public let port: UInt16

  private let daemon: OpaquePointer
  /// The daemon's threads use it through an unretained pointer: it is released only after `deinit` has ended them.
  private let exchange: HTTPExchange

  /// Binds and serves, within the limits of the exchange.
  public init(_ address: HTTPAddress, exchange: HTTPExchange) throws(HTTPListenError) {
    var hints = addrinfo()
    hints.ai_flags = AI_NUMERICHOST
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let host = address.host == "localhost" ? "127.0.0.1" : address.host
    guard getaddrinfo(host, String(address.port), &hints, &found) == 0, let found else {
      throw HTTPListenError(description: "cannot listen on \(address): not an IP address")
    }
    defer { freeaddrinfo(found) }
    let limits = exchange.limits
    let daemon = patchbay_http_start(
      found.pointee.ai_addr, address.port, limits.hasThreadPerConnection, limits.connectionMemory,
      UInt32(clamping: limits.connections), limits.patience,
      { context, connection, path, method, _, bytes, count, request in
        guard let exchange = HTTPDaemon.exchange(context), let connection, let path, let method, let count, let request
        else { return .NO }
        return exchange.receive(
          connection, String(cString: method), String(cString: path), bytes, count: &count.pointee,
          body: &request.pointee)
      },
      { _, _, request, _ in
        guard let request else { return }
        HTTPExchange.forget(&request.pointee)
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
      throw HTTPListenError(description: "cannot listen on \(address): \(exchange.lastMessage)")
    }
    self.daemon = daemon
    self.exchange = exchange
    port = patchbay_http_port(daemon)
  }

  /// Ends the threads, which wait for nothing but sockets and for late answers, which are given up; closes the port and
  /// all connections.
  deinit {
    exchange.end()
    MHD_stop_daemon(daemon)
  }

  private static func exchange(_ context: UnsafeMutableRawPointer?) -> HTTPExchange? {
    context.map { Unmanaged<HTTPExchange>.fromOpaque($0).takeUnretainedValue() }
  }
}
