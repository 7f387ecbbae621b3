import CGRPC
import Certificates
import Glibc
import Logging
import Locking

/// Reads a listener's PEM files, and hands them to the C core at the first handshake after they have changed. Files that
/// cannot be used leave the ones before in use.
final class CertificateSource: Sendable {
  /// What tells one version of the files from the next.
  private struct Version: Equatable {
    var stamps: [[Int]]
  }

  private struct State {
    var loaded: (version: Version, certificate: ServerCertificate)?
    /// The version that the C core has.
    var delivered: Version?
    /// The version that cannot be used, and why.
    var refused: (version: Version, reason: ListenError.Reason)?
    var nextCheck: Int64 = 0
  }

  private static let checkInterval: Int64 = 1_000_000_000

  private let files: TLSFiles
  private let listener: String
  private let logger: Logger
  private let state = Locked(State())

  init(_ files: TLSFiles, listener: String, logger: Logger) {
    self.files = files
    self.listener = listener
    self.logger = logger
  }

  private var paths: [String] { [files.certificate, files.key] + (files.clientCA.map { [$0] } ?? []) }

  /// What is in use, and why what is in the files is not where that is another.
  var status: ListenerCertificate? {
    state.withLock { state in
      state.loaded.map {
        ListenerCertificate(
          listener: listener, certificate: $0.certificate, refusal: state.refused.map { "\($0.reason)" })
      }
    }
  }

  /// The credentials. The C core asks this source for as long as the server that uses them exists.
  func makeCredentials() throws(ListenError) -> OpaquePointer? {
    let version = currentVersion()
    let certificate = try read()
    state.withLock { $0.loaded = (version, certificate) }
    warnAboutKeyMode()
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

  /// Looks whether the files are others than before, at most once a second: a handshake costs three `stat` calls, not three
  /// reads.
  func look() {
    let now = pb_now()
    let isDue = state.withLock { state in
      guard now >= state.nextCheck else { return false }
      state.nextCheck = now + Self.checkInterval
      return true
    }
    guard isDue else { return }
    // Before they are read: what is written meanwhile is another version.
    let version = currentVersion()
    let isNew = state.withLock { state in
      if version == state.loaded?.version { state.refused = nil }
      return version != state.loaded?.version && version != state.refused?.version
    }
    guard isNew else { return }
    do throws(ListenError) {
      let certificate = try read()
      state.withLock { state in
        state.loaded = (version, certificate)
        state.refused = nil
      }
      logger.notice("reading new TLS files", metadata: ["listener": "\(listener)"])
    } catch {
      state.withLock { $0.refused = (version, error.reason) }
      logger.error("the TLS files stay as they were: \(error.reason)", metadata: ["listener": "\(listener)"])
    }
  }

  /// Gives the C core what is in use, if it does not have it yet. The C core asks for one handshake at a time.
  private func fetch(_ sink: OpaquePointer?) -> Int32 {
    look()
    let certificate: ServerCertificate? = state.withLock { state in
      guard let (version, certificate) = state.loaded, version != state.delivered else { return nil }
      state.delivered = version
      return certificate
    }
    guard let certificate else { return Int32(PB_CERTIFICATE_UNCHANGED) }
    pb_certificate_deliver(sink, certificate.clientCA, certificate.key, certificate.certificate)
    return Int32(PB_CERTIFICATE_NEW)
  }

  private func currentVersion() -> Version {
    Version(
      stamps: paths.map { path in
        var status = stat()
        guard stat(path, &status) == 0 else { return [] }
        return [Int(status.st_mtim.tv_sec), Int(status.st_mtim.tv_nsec), Int(status.st_size), Int(status.st_ino)]
      })
  }

  private func read() throws(ListenError) -> ServerCertificate {
    do throws(CertificateError) {
      return try ServerCertificate(
        certificate: files.certificate, key: files.key, clientCA: files.clientCA, now: Int64(time(nil)))
    } catch {
      throw ListenError(address: listener, reason: .tlsFile(path: error.path, problem: error.problem))
    }
  }

  private func warnAboutKeyMode() {
    var status = stat()
    if stat(files.key, &status) == 0, status.st_mode & 0o007 != 0 {
      logger.warning("everybody can read the private key", metadata: ["path": "\(files.key)"])
    }
  }
}
