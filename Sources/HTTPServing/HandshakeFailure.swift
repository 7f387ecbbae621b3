import NIOSSL

/// Why a client's TLS handshake came to nothing: a word for a metric, of few.
public enum HandshakeFailure: String, Sendable, Hashable, CaseIterable {
  /// The client left, as probes of a port do.
  case gone
  /// It took longer than ``HTTPLimits/handshake``.
  case timeout
  /// What came was not TLS, such as HTTP in plaintext.
  case notTLS = "not-tls"
  /// No version, or no cipher, that both sides accept.
  case version
  /// The client has shown no certificate, and one is required.
  case noCertificate = "no-certificate"
  /// The client's certificate is not one of the accepted authorities'.
  case badCertificate = "bad-certificate"
  /// The client did not accept ours.
  case refused = "refused-by-client"
  /// Anything else.
  case other

  /// What the library's errors say of each.
  private static let words: [(HandshakeFailure, [String])] = [
    (.gone, ["EOF", "CONNECTION RESET", "BROKEN PIPE"]),
    (.noCertificate, ["PEER_DID_NOT_RETURN_A_CERTIFICATE"]),
    (.badCertificate, ["CERTIFICATE_VERIFY_FAILED"]),
    (
      // The last one: with TLS 1.3, OpenSSL's clients say so in the clear, where an encrypted alert is due.
      .refused,
      [
        "ALERT_UNKNOWN_CA", "ALERT_BAD_CERTIFICATE", "ALERT_CERTIFICATE", "ALERT_UNSUPPORTED_CERTIFICATE",
        "BAD_PACKET_LENGTH",
      ]
    ),
    (
      .version,
      ["UNSUPPORTED_PROTOCOL", "NO_SHARED_CIPHER", "WRONG_CURVE", "ALERT_PROTOCOL_VERSION", "ALERT_HANDSHAKE_FAILURE"]
    ),
    (.notTLS, ["HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "WRONG_VERSION_NUMBER"]),
  ]

  /// The reason, in the words of the library's error.
  init(_ error: any Error) {
    let text = "\(error)".uppercased()
    self = Self.words.first { $0.1.contains { text.contains($0) } }?.0 ?? .other
  }
}
