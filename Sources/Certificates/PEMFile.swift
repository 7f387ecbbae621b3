import Glibc

/// PEM files, read within bounds.
enum PEMFile {
  private static let largest = 1_048_576

  /// The text of a file that has to hold a block with this label and nothing that is encrypted.
  static func text(of path: String, holding label: String) throws(CertificateError) -> String {
    func fault(_ problem: String) -> CertificateError { CertificateError(path: path, problem: problem) }
    guard let file = fopen(path, "rb") else { throw fault("cannot be read: \(String(cString: strerror(errno)))") }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: largest + 1)
    let count = fread(&bytes, 1, bytes.count, file)
    if ferror(file) != 0 { throw fault("cannot be read: \(String(cString: strerror(errno)))") }
    if count > largest { throw fault("is longer than 1 MiB, so no PEM file of ours") }
    let text = String(decoding: bytes[..<count], as: UTF8.self)
    if !text.contains("-----BEGIN ") || !text.contains("\(label)-----") { throw fault("holds no PEM \(label)") }
    if text.contains("ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
      throw fault("is encrypted; write it without a passphrase")
    }
    return text
  }
}
