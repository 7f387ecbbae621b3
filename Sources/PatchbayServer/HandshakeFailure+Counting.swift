import HTTPServing
import Metrics

extension HandshakeFailure {
  /// Counts handshakes of a listener that came to nothing.
  static func counting(on listener: String) -> @Sendable (HandshakeFailure) -> Void {
    { failure in
      Counter(
        label: "patchbay_tls_handshakes_failed_total",
        dimensions: [("listener", listener), ("reason", failure.rawValue)]
      ).increment()
    }
  }
}
