import Foundation
import Logging
import Testing

@testable import Certificates

@Suite("A watched certificate")
struct WatchedCertificateTests {
  private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  /// A folder with a pair of files that are in use, and the pair itself.
  private func files() throws -> (TestAuthority, TLSFiles) {
    let authority = try TestAuthority()
    try authority.issue("one", by: "middle", days: 100, extensions: "subjectAltName=DNS:one.example.com")
    try authority.issue("two", by: "middle", days: 100, extensions: "subjectAltName=DNS:two.example.com")
    try put("one", in: authority)
    return (authority, TLSFiles(certificate: authority.path("used.pem"), key: authority.path("used.key")))
  }

  private func put(_ name: String, in authority: TestAuthority, _ kinds: [String] = ["pem", "key"]) throws {
    for kind in kinds {
      try Data(contentsOf: URL(fileURLWithPath: authority.path("\(name).\(kind)")))
        .write(to: URL(fileURLWithPath: authority.path("used.\(kind)")), options: .atomic)
    }
  }

  @Test("New files are in use from the next look on, half of a pair is refused until the other half is there")
  func newFiles() throws {
    let (authority, files) = try files()
    let watched = WatchedCertificate(files, listener: "test", logger: log) { certificate in certificate.names }
    #expect(watched.loaded == nil && watched.status == nil)
    try watched.load()
    #expect(watched.loaded?.prepared == ["one.example.com"] && watched.loaded?.number == 1)
    watched.look(now: .seconds(1))
    #expect(watched.loaded?.number == 1, "they are the same")

    try put("two", in: authority, ["pem"])
    watched.look(now: .milliseconds(1_900))
    #expect(watched.status?.refusal == nil, "it was looked at less than a second ago")
    watched.look(now: .seconds(3))
    #expect(watched.status?.refusal?.contains("is not the certificate of the key") ?? false)
    #expect(watched.loaded?.prepared == ["one.example.com"])

    try put("two", in: authority)
    watched.look(now: .seconds(5))
    #expect(watched.loaded?.prepared == ["two.example.com"] && watched.loaded?.number == 2)
    #expect(watched.status?.refusal == nil && watched.status?.listener == "test")
  }

  @Test("Files that nothing can be made of leave those before in use; the old ones put back are no refusal")
  func unusable() throws {
    let (authority, files) = try files()
    let watched = WatchedCertificate(files, listener: "test", logger: log) {
      certificate throws(CertificateError) -> String in
      guard certificate.names != ["two.example.com"] else { throw CertificateError(path: "x", problem: "is of no use") }
      return certificate.names.joined()
    }
    try watched.load()
    let old = authority.path("old.pem")
    try FileManager.default.moveItem(atPath: files.certificate, toPath: old)
    try FileManager.default.moveItem(atPath: files.key, toPath: authority.path("old.key"))
    try put("two", in: authority)
    watched.look(now: .seconds(1))
    #expect(watched.status?.refusal == "x: is of no use" && watched.loaded?.number == 1)
    for (from, to) in [(old, files.certificate), (authority.path("old.key"), files.key)] {
      try FileManager.default.removeItem(atPath: to)
      try FileManager.default.moveItem(atPath: from, toPath: to)
    }
    watched.look(now: .seconds(3))
    #expect(watched.status?.refusal == nil && watched.loaded?.prepared == "one.example.com")
  }

  @Test("A client's certificate tells its names; one with a line's end in it is none")
  func clientNames() throws {
    let authority = try TestAuthority()
    try authority.issue(
      "orchestrator.example.com", by: "middle", days: 1, extensions: "subjectAltName=DNS:a.example.com,IP:192.0.2.9")
    let der = try authority.der("orchestrator.example.com")
    let client = try #require(ClientCertificate(der: der))
    #expect(client.commonName == "orchestrator.example.com" && client.names == ["a.example.com", "192.0.2.9"])
    #expect(ClientCertificate(der: Array(der.dropLast())) == nil && ClientCertificate(der: []) == nil)
    // The same name with a line's end in its middle, which would be read as two.
    let name = Array("a.example.com".utf8)
    let place = try #require(der.indices.first { der[$0...].starts(with: name) })
    var forged = der
    forged[place + 1] = UInt8(ascii: "\n")
    #expect(ClientCertificate(der: forged)?.names == ["192.0.2.9"])
  }
}
