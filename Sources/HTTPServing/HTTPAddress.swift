public import Basics

/// Where an HTTP server listens.
public struct HTTPAddress: Sendable, Hashable, CustomStringConvertible {
  /// An IPv4 or IPv6 address, or `localhost` for 127.0.0.1.
  public var host: String
  /// The port; 0 binds a free one.
  public var port: UInt16

  /// An address.
  public init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// With brackets around IPv6.
  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// Why a server cannot listen.
public typealias HTTPListenError = TextError<HTTPServer>
