import Foundation

/// Certificates of an authority with an intermediate, made by the openssl command in a folder of their own.
final class TestAuthority: Sendable {
  struct Failure: Error { let arguments: [String] }

  let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("certificates-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try openssl(
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "400", "-subj",
      "/CN=root", "-keyout", path("root.key"), "-out", path("root.pem"))
    try issue("middle", by: "root", days: 300, extensions: "basicConstraints=critical,CA:TRUE")
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func path(_ name: String) -> String { "\(folder)/\(name)" }

  /// `days`: how long it lives.
  func issue(_ name: String, by issuer: String, days: Int, extensions: String) throws {
    try openssl(
      "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=\(name)",
      "-keyout", path("\(name).key"), "-out", path("\(name).csr"))
    try Data((extensions + "\n").utf8).write(to: URL(fileURLWithPath: path("\(name).ext")))
    try openssl(
      "x509", "-req", "-in", path("\(name).csr"), "-CA", path("\(issuer).pem"), "-CAkey", path("\(issuer).key"),
      "-CAcreateserial", "-days", "\(days)", "-extfile", path("\(name).ext"), "-out", path("\(name).pem"))
  }

  /// A certificate's DER.
  func der(_ name: String) throws -> [UInt8] {
    try openssl("x509", "-in", path("\(name).pem"), "-outform", "DER", "-out", path("\(name).der"))
    return Array(try Data(contentsOf: URL(fileURLWithPath: path("\(name).der"))))
  }

  func join(_ names: [String], as name: String) throws -> String {
    let text = try names.map { try String(contentsOfFile: path("\($0).pem"), encoding: .utf8) }.joined()
    try Data(text.utf8).write(to: URL(fileURLWithPath: path(name)))
    return path(name)
  }

  private func openssl(_ arguments: String...) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    if process.terminationStatus != 0 { throw Failure(arguments: arguments) }
  }
}
