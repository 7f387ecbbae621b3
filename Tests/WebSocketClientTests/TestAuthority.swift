import Foundation
import NIOSSL

/// A certificate for `localhost` that vouches for itself, made on the spot.
enum TestAuthority {
  static let certificate = files.certificate

  static func serverContext() throws -> NIOSSLContext {
    let chain = try NIOSSLCertificate.fromPEMBytes(Array(files.certificate.utf8)).map {
      NIOSSLCertificateSource.certificate($0)
    }
    let key = try NIOSSLPrivateKey(bytes: Array(files.key.utf8), format: .pem)
    return try NIOSSLContext(
      configuration: .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key)))
  }

  private static let files: (certificate: String, key: String) = {
    let folder = FileManager.default.temporaryDirectory.appending(path: "websocket-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      let openssl = Process()
      openssl.executableURL = URL(filePath: "/usr/bin/openssl")
      openssl.currentDirectoryURL = folder
      openssl.arguments = [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout",
        "key",
        "-out", "certificate", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
      ]
      openssl.standardError = FileHandle.nullDevice
      try openssl.run()
      openssl.waitUntilExit()
      return (
        try String(contentsOf: folder.appending(path: "certificate"), encoding: .utf8),
        try String(contentsOf: folder.appending(path: "key"), encoding: .utf8)
      )
    } catch { return ("", "") }
  }()
}
