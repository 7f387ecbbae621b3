import Basics

extension ClientTLS {
  /// The certificate authorities that the system trusts, as PEM text. Blocks while a file is read.
  public static func systemRootsPEM() throws(RPCStatus) -> String { try SystemRoots.read() }
}

/// The certificate authorities that the system trusts (Debian's `ca-certificates`).
enum SystemRoots {
  static let path = "/etc/ssl/certs/ca-certificates.crt"

  static func read(_ path: String = path) throws(RPCStatus) -> String {
    do throws(FileError) { return String(decoding: try BoundedFile.read(path, maximum: 8 << 20), as: UTF8.self) } catch
    {
      throw RPCStatus(.failedPrecondition, "the system's certificate authorities cannot be used: \(error)")
    }
  }
}
