public import Basics
import Glibc
import Locking
public import Logging

/// Reads a listener's PEM files, and reads them again when they have changed. Files that cannot be used leave the ones
/// before in use.
///
/// `Prepared` is what the listener's TLS makes of them; files that it can make nothing of count as unusable.
public final class WatchedCertificate<Prepared: Sendable>: Sendable {
  /// What is in use.
  public struct Loaded: Sendable {
    /// Rises with every version of the files that came into use.
    public let number: Int
    /// The certificate, its key and the authorities.
    public let certificate: ServerCertificate
    /// What was made of them.
    public let prepared: Prepared
  }

  /// What tells one version of the files from the next.
  private struct Version: Equatable {
    var stamps: [[Int]]
  }

  private struct State {
    var loaded: (version: Version, loaded: Loaded)?
    /// The version that cannot be used, and why.
    var refused: (version: Version, error: CertificateError)?
    var nextLook: Duration = .zero
  }

  private static var interval: Duration { .seconds(1) }

  private let files: TLSFiles
  private let listener: String
  private let prepare: @Sendable (ServerCertificate) throws(CertificateError) -> Prepared
  private let logger: Logger
  private let state = Locked(State())

  /// Files that are not read yet.
  ///
  /// - Parameters:
  ///   - listener: whose they are, by a name that no other listener has.
  ///   - prepare: makes of new files what the listener needs; throws where it cannot use them.
  public init(
    _ files: TLSFiles, listener: String, logger: Logger,
    prepare: @escaping @Sendable (ServerCertificate) throws(CertificateError) -> Prepared
  ) {
    self.files = files
    self.listener = listener
    self.logger = logger
    self.prepare = prepare
  }

  private var paths: [String] { [files.certificate, files.key] + (files.clientCA.map { [$0] } ?? []) }

  /// What is in use; `nil` before ``load()``.
  public var loaded: Loaded? { state.withLock { $0.loaded?.loaded } }

  /// What is in use, and why what is in the files is not where that is another; `nil` before ``load()``.
  public var status: ListenerCertificate? {
    state.withLock { state in
      state.loaded.map {
        ListenerCertificate(
          listener: listener, certificate: $0.loaded.certificate, refusal: state.refused.map { "\($0.error)" })
      }
    }
  }

  /// Reads the files for the first time. Warns of a key that everybody can read.
  public func load() throws(CertificateError) {
    // Before they are read: what is written meanwhile is another version.
    let version = currentVersion()
    try use(version)
    var status = stat()
    if stat(files.key, &status) == 0, status.st_mode & 0o007 != 0 {
      logger.warning("everybody can read the private key", metadata: ["path": "\(files.key)"])
    }
  }

  /// Looks whether the files are others than before, at most once a second: mostly it costs three `stat` calls, not three
  /// reads.
  public func look(now: Duration = MonotonicClock.now()) {
    let isDue = state.withLock { state in
      guard state.loaded != nil, now >= state.nextLook else { return false }
      state.nextLook = now + Self.interval
      return true
    }
    guard isDue else { return }
    let version = currentVersion()
    let isNew = state.withLock { state in
      if version == state.loaded?.version { state.refused = nil }
      return version != state.loaded?.version && version != state.refused?.version
    }
    guard isNew else { return }
    do throws(CertificateError) {
      try use(version)
      logger.notice("reading new TLS files", metadata: ["listener": "\(listener)"])
    } catch {
      state.withLock { $0.refused = (version, error) }
      logger.error("the TLS files stay as they were: \(error)", metadata: ["listener": "\(listener)"])
    }
  }

  private func use(_ version: Version) throws(CertificateError) {
    let certificate = try ServerCertificate(
      certificate: files.certificate, key: files.key, clientCA: files.clientCA, now: WallClock.now())
    let prepared = try prepare(certificate)
    state.withLock { state in
      let number = (state.loaded?.loaded.number ?? 0) + 1
      state.loaded = (version, Loaded(number: number, certificate: certificate, prepared: prepared))
      state.refused = nil
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
}
