import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// Why a connection to a bot could not be made. The text is for the operator and quotes nothing that the bot sent.
public struct ConnectionError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A clause without a full stop.
  public var message: String

  /// A failure.
  public init(_ message: String) { self.message = message }

  /// The message.
  public var description: String { message }

  /// What an error of the network's means at an address such as `bot.example:443`.
  ///
  /// - Parameter name: the name that the certificate has to hold.
  package init(_ error: any Error, at address: String, name: String) {
    switch error {
    case let error as ConnectionError: self = error
    case let error as FrameError: self.init(error.description)
    case let error as NIOConnectionError:
      guard let attempt = error.connectionErrors.first else {
        self.init("\(error.host) has no address")
        return
      }
      self.init(attempt.error, at: address, name: name)
    case ChannelError.connectTimeout: self.init("\(address) does not answer")
    case let error as IOError where error.errnoCode == ECONNREFUSED:
      self.init("\(address) refuses the connection")
    case let error as IOError where error.errnoCode == ECONNRESET || error.errnoCode == EPIPE:
      self.init("\(address) broke the connection off")
    case let error as IOError:
      self.init("\(address) cannot be reached: \(String(cString: strerror(error.errnoCode)))")
    case let error as NIOSSLExtraError where error == .failedToValidateHostname:
      self.init(
        "TLS: its certificate is not for \(name); the URL or `tls.server_name` has to name a host that it names")
    case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
      self.init(Self.meaning(ofTLS: "\(error)", at: address))
    default: self.init("\(address) cannot be reached")
    }
  }

  /// BoringSSL's errors have names and no types.
  private static func meaning(ofTLS text: String, at address: String) -> String {
    let meanings = [
      (
        "CERTIFICATE_VERIFY_FAILED",
        "its certificate is not trusted: no authority that is trusted has signed it, or it has expired"
      ),
      ("WRONG_VERSION_NUMBER", "\(address) does not speak TLS"),
      ("HTTP_REQUEST", "\(address) does not speak TLS"),
      ("CERTIFICATE_REQUIRED", "it wants a certificate of ours (`tls.certificate`, `tls.key`)"),
      ("UNKNOWN_CA", "it does not trust the certificate that it is shown"),
      ("BAD_CERTIFICATE", "it does not accept the certificate that it is shown, or wants one"),
      ("HANDSHAKE_FAILURE", "it ended the handshake: it may want a certificate of ours (`tls.certificate`, `tls.key`)"),
      ("NO_APPLICATION_PROTOCOL", "it does not offer HTTP/2 (ALPN `h2`)"),
      ("UNSUPPORTED_PROTOCOL", "it speaks neither TLS 1.2 nor 1.3"),
      ("PROTOCOL_VERSION", "it speaks neither TLS 1.2 nor 1.3"),
      ("uncleanShutdown", "\(address) broke the handshake off"),
    ]
    return "TLS: " + (meanings.first { text.contains($0.0) }?.1 ?? "the handshake failed")
  }
}
