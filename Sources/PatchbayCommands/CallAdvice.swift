import ReplayKit

/// What a person can do about a call that failed: each cause has a sentence of its own.
struct CallAdvice {
  /// Where the token came from.
  enum TokenSource: Equatable {
    case file(String)
    case variable
    /// A server of this machine left it there.
    case local(String)

    /// For messages: `the token of …`.
    var name: String {
      switch self {
      case .file(let path), .local(let path): path
      case .variable: "the variable PATCHBAY_TOKEN"
      }
    }
  }

  var target: String
  var usesTLS = false
  var clientCertificate: String?
  var token: TokenSource
  var agent = ""
  var patience = 30.0

  /// What to do, in a sentence; `nil` where the failure speaks for itself.
  func sentence(_ failure: CallError) -> String? {
    switch failure.reason {
    case .noAnswer:
      return
        "Nothing came for \(Int(patience)) s (--patience). "
        + "The server's log, by the call's conversation, tells what it was doing."
    case .status(let code, let message): return sentence(code, message)
    case .completedWithoutAnswer, .notCompleted, .unreadable: return nil
    }
  }

  private func sentence(_ code: Int, _ message: String) -> String? {
    switch code {
    case 14: unavailable(message)
    case 16: unauthenticated(message)
    case 12:
      "The server at \(target) has no virtual agent for Webex: "
        + "is it another port, or another server? --target names one."
    case 8: "The server takes no more calls now: see `limits` in its configuration, and its log."
    case 7: "The token is not one of the organization that calls; leave --org out to call as the token's."
    case 5: "The server has no agent '\(agent)' for this organization; leave --agent out for the default one."
    default: nil
    }
  }

  private func unauthenticated(_ message: String) -> String {
    if message.contains("certificate") {
      return """
        The server accepts client certificates of certain names only (`listen.tls.client_names`), and \
        \(clientCertificate ?? "the one given") has none of them.
        """
    }
    switch token {
    case .file(let path):
      return """
        The server does not accept the token of \(path). `patchbay token inspect \(path)` tells what is in it, \
        `patchbay token verify --config FILE \(path)` why it is refused.
        """
    case .variable:
      return """
        The server does not accept the token of the variable PATCHBAY_TOKEN. `echo "$PATCHBAY_TOKEN" | patchbay token \
        inspect -` tells what is in it, `patchbay token verify --config FILE -` in its place why it is refused.
        """
    case .local(let path):
      return """
        The server at \(target) does not accept the token that was left in \(path): another process answers there. Name \
        its token with --token FILE.
        """
    }
  }

  /// gRPC has one status for all that keeps a call from a server; the C core's words tell what it was.
  private func unavailable(_ message: String) -> String {
    let names = { (words: String...) in words.contains { message.contains($0) } }
    if names("shutting down", "going down") {
      return """
        The server at \(target) is draining: it takes no new calls, and ends when the live ones are over. Call again when \
        it has been started anew, or call another with --target.
        """
    }
    if names("token cannot be verified now") {
      return "The server has no keys of the token's issuer yet; its log tells why. Try again in a minute."
    }
    if names("is not trusted, or not this host's") {
      return """
        The server's certificate is not trusted: give the PEM file of its authority with --ca FILE, or the name that is in it \
        with --server-name NAME.
        """
    }
    if names("closed the connection before the WebSocket was open", "broke before the WebSocket was open") {
      return usesTLS
        ? clientCertificateAdvice
        : "The server at \(target) closed the connection: it probably speaks TLS. Say wss:// instead of ws://."
    }
    if names("does not speak HTTP", "does not fit the request for a WebSocket") {
      return usesTLS
        ? "The server at \(target) does not speak WebSocket on this port: --target names another."
        : "The server at \(target) speaks TLS on this port, or another protocol. Say wss:// instead of ws://."
    }
    if names("is not in peer certificate", "Hostname Verification Check failed") {
      return "The server's certificate is for another name: give a name that is in it with --server-name NAME."
    }
    if names("certificate verify failed") {
      return "The authority that signed the server's certificate is not trusted: give its PEM file with --ca FILE."
    }
    if names("wrong version number", "http1.x server") {
      return usesTLS
        ? "The server at \(target) does not speak TLS on this port: leave --tls and --ca out."
        : "The server at \(target) does not speak gRPC on this port: --target names another, such as 127.0.0.1:50051."
    }
    if names("certificate required", "unknown ca", "bad certificate") { return clientCertificateAdvice }
    if names("Connection refused", "refuses the connection") {
      return "Nothing listens at \(target). `patchbay serve` starts a server; --target names another."
    }
    if names("DNS resolution failed", "has no address") { return "Nobody knows the host of \(target): check --target." }
    if names("unreachable", "timed out", "Timeout", "No route to host", "did not open in time") {
      return "\(target) cannot be reached over the network: check the address, the route and the firewalls."
    }
    if names("failed to connect") {
      guard usesTLS else {
        return
          "The server at \(target) closed the connection: it probably speaks TLS. "
          + "Say --tls, or --ca FILE for its authority."
      }
      return clientCertificateAdvice
    }
    return "The connection to \(target) broke: the server, or something between, has ended it. See the server's log."
  }

  private var clientCertificateAdvice: String {
    if let clientCertificate {
      return """
        The server at \(target) does not accept the client certificate of \(clientCertificate): it has to be valid today \
        and to lead to the server's `listen.tls.client_ca`.
        """
    }
    return """
      The server at \(target) ended the connection in the TLS handshake: it asks for a client certificate \
      (`listen.tls.client_ca`). Give one with --client-certificate and --client-key.
      """
  }
}

extension String {
  /// With a full stop at its end, whether it had one or not.
  var sentence: String { hasSuffix(".") ? self : self + "." }
}
