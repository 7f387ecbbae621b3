import Basics

/// PEM files, read within bounds.
enum PEMFile {
  /// The text of a file that has to hold a block with this label and nothing that is encrypted.
  static func text(of path: String, holding label: String) throws(CertificateError) -> String {
    func fault(_ problem: String) -> CertificateError { CertificateError(path: path, problem: problem) }
    let bytes: [UInt8]
    do throws(FileError) { bytes = try BoundedFile.read(path, maximum: 1 << 20) } catch { throw fault(error.problem) }
    let text = String(decoding: bytes, as: UTF8.self)
    if !text.contains("-----BEGIN ") || !text.contains("\(label)-----") { throw fault("holds no PEM \(label)") }
    if text.contains("ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
      throw fault("is encrypted; write it without a passphrase")
    }
    return text
  }
}
