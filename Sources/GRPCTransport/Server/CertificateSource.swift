import Basics
import CGRPC
import Certificates
import Locking
import Logging

/// Hands a listener's certificate to the C core at the first handshake after its files have changed.
final class CertificateSource: Sendable {
  private let files: TLSFiles
  private let listener: String
  private let watched: WatchedCertificate<Void>
  /// The number of what the C core has.
  private let delivered = Locked(0)

  init(_ files: TLSFiles, listener: String, logger: Logger) {
    self.files = files
    self.listener = listener
    watched = WatchedCertificate(files, listener: listener, logger: logger) { _ in }
  }

  /// What is in use, and why what is in the files is not where that is another.
  var status: ListenerCertificate? { watched.status }

  /// Looks whether the files are others than before, at most once a second.
  func look(now: Duration = MonotonicClock.now()) { watched.look(now: now) }

  /// The credentials. The C core asks this source for as long as the server that uses them exists.
  func makeCredentials() throws(ListenError) -> OpaquePointer? {
    do throws(CertificateError) { try watched.load() } catch {
      throw ListenError(address: listener, reason: .tlsFile(path: error.path, problem: error.problem))
    }
    let request =
      switch files.clientCertificate {
      case .none: PB_CLIENT_CERTIFICATE_NONE
      case .optional: PB_CLIENT_CERTIFICATE_OPTIONAL
      case .required: PB_CLIENT_CERTIFICATE_REQUIRED
      }
    pb_certificate_source_install { context, sink in
      guard let context else { return Int32(PB_CERTIFICATE_FAILED) }
      return Unmanaged<CertificateSource>.fromOpaque(context).takeUnretainedValue().fetch(sink)
    }
    return pb_server_credentials_tls(Int32(request), Unmanaged.passUnretained(self).toOpaque())
  }

  /// Gives the C core what is in use, if it does not have it yet. The C core asks for one handshake at a time.
  private func fetch(_ sink: OpaquePointer?) -> Int32 {
    look()
    guard let loaded = watched.loaded else { return Int32(PB_CERTIFICATE_FAILED) }
    let isNew = delivered.withLock { delivered in
      defer { delivered = loaded.number }
      return delivered != loaded.number
    }
    guard isNew else { return Int32(PB_CERTIFICATE_UNCHANGED) }
    let certificate = loaded.certificate
    pb_certificate_deliver(sink, certificate.clientCA, certificate.key, certificate.certificate)
    return Int32(PB_CERTIFICATE_NEW)
  }
}
