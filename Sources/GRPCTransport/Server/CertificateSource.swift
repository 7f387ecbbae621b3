import CGRPC
import Glibc
import Logging
import Locking

/// Reads a listener's PEM files and hands them to the C core at every handshake after they have changed.
final class CertificateSource: Sendable {
  /// What tells one version of the files from the next.
  private struct Version: Equatable {
    var stamps: [[Int]]
  }

  private struct State {
    var version: Version?
    var nextCheck: Int64 = 0
  }

  private static let checkInterval: Int64 = 1_000_000_000
  private static let largestFile = 1_048_576

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

  /// The credentials. The C core asks this source for as long as the server that uses them exists.
  func makeCredentials() throws(ListenError) -> OpaquePointer? {
    _ = try read()
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

  /// Looks at the files' times at most once a second: a handshake costs three `stat` calls, not three reads.
  private func fetch(_ sink: OpaquePointer?) -> Int32 {
    let now = pb_now()
    let version: Version? = state.withLock { state in
      if now < state.nextCheck { return nil }
      state.nextCheck = now + Self.checkInterval
      let found = currentVersion()
      return found == state.version ? nil : found
    }
    guard let version else { return Int32(PB_CERTIFICATE_UNCHANGED) }
    do throws(ListenError) {
      let (certificate, key, clientCA) = try read()
      let first = state.withLock { state in
        defer { state.version = version }
        return state.version == nil
      }
      if !first { logger.notice("reading new TLS files", metadata: ["listener": "\(listener)"]) }
      pb_certificate_deliver(sink, clientCA, key, certificate)
      return Int32(PB_CERTIFICATE_NEW)
    } catch {
      logger.error("the TLS files stay as they were: \(error.reason)", metadata: ["listener": "\(listener)"])
      return Int32(PB_CERTIFICATE_FAILED)
    }
  }

  private func currentVersion() -> Version {
    Version(
      stamps: paths.map { path in
        var status = stat()
        guard stat(path, &status) == 0 else { return [] }
        return [Int(status.st_mtim.tv_sec), Int(status.st_mtim.tv_nsec), Int(status.st_size), Int(status.st_ino)]
      })
  }

  private func read() throws(ListenError) -> (certificate: String, key: String, clientCA: String?) {
    (
      try text(of: files.certificate, holding: "CERTIFICATE"), try text(of: files.key, holding: "PRIVATE KEY"),
      try files.clientCA.map { path throws(ListenError) in try text(of: path, holding: "CERTIFICATE") }
    )
  }

  private func text(of path: String, holding label: String) throws(ListenError) -> String {
    func problem(_ text: String) -> ListenError {
      ListenError(address: listener, reason: .tlsFile(path: path, problem: text))
    }
    guard let file = fopen(path, "rb") else { throw problem("cannot be read: \(String(cString: strerror(errno)))") }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: Self.largestFile + 1)
    let count = fread(&bytes, 1, bytes.count, file)
    if ferror(file) != 0 { throw problem("cannot be read: \(String(cString: strerror(errno)))") }
    if count > Self.largestFile { throw problem("is longer than 1 MiB, so no PEM file of ours") }
    let text = String(decoding: bytes[..<count], as: UTF8.self)
    if !text.contains("-----BEGIN ") || !text.contains("\(label)-----") {
      throw problem("holds no PEM \(label)")
    }
    if text.contains("ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
      throw problem("is encrypted; write it without a passphrase")
    }
    return text
  }

  private func warnAboutKeyMode() {
    var status = stat()
    if stat(files.key, &status) == 0, status.st_mode & 0o007 != 0 {
      logger.warning("everybody can read the private key", metadata: ["path": "\(files.key)"])
    }
  }
}
