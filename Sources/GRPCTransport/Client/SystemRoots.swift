import Glibc

extension ClientTLS {
  /// The certificate authorities that the system trusts, as PEM text. Blocks while a file is read.
  public static func systemRootsPEM() throws(RPCStatus) -> String { try SystemRoots.read() }
}

/// The certificate authorities that the system trusts (Debian's `ca-certificates`).
enum SystemRoots {
  static let path = "/etc/ssl/certs/ca-certificates.crt"
  private static let largest = 8_388_608

  static func read() throws(RPCStatus) -> String {
    guard let file = fopen(path, "rb") else {
      throw RPCStatus(.failedPrecondition, "the system's certificate authorities cannot be read: \(path)")
    }
    defer { fclose(file) }
    var text: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65_536)
    while text.count < largest {
      let count = fread(&part, 1, part.count, file)
      if count == 0 { break }
      text.append(contentsOf: part[..<count])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
