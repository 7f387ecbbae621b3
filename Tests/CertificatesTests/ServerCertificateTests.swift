import Foundation
import Testing

@testable import Certificates

@Suite("Certificates of a server")
struct ServerCertificateTests {
  private static let authority = Result {
    let authority = try TestAuthority()
    try authority.issue(
      "leaf", by: "middle", days: 100,
      extensions: "subjectAltName=DNS:voice.example.com,DNS:*.calls.example.com,IP:192.0.2.7")
    try authority.issue("other", by: "middle", days: 100, extensions: "subjectAltName=DNS:voice.example.com")
    try authority.issue("client", by: "middle", days: 100, extensions: "extendedKeyUsage=clientAuth")
    return authority
  }

  private let now = Int64(Date().timeIntervalSince1970)
  private let day: Int64 = 86_400

  private func load(_ chain: [String], key: String = "leaf", at time: Int64? = nil) throws -> ServerCertificate {
    let authority = try Self.authority.get()
    let file = try authority.join(chain, as: "chain-\(chain.joined(separator: "-")).pem")
    return try ServerCertificate(certificate: file, key: authority.path("\(key).key"), now: time ?? now)
  }

  private func fault(_ chain: [String], key: String = "leaf", at time: Int64? = nil) -> String {
    do {
      _ = try load(chain, key: key, at: time)
      return ""
    } catch { return "\(error)" }
  }

  private func hosts(_ names: String...) -> [(host: String, purpose: String)] { names.map { ($0, "a tenant") } }

  @Test("A certificate that fits its key, with its chain, is taken; a private authority is told of")
  func good() throws {
    let certificate = try load(["leaf", "middle"])
    #expect(certificate.names == ["voice.example.com", "*.calls.example.com", "192.0.2.7"])
    #expect(abs(certificate.ends - now - 100 * day) < day)
    let findings = certificate.findings(
      hosts: hosts("voice.example.com", "VOICE.example.com", "a.calls.example.com"), now: now)
    #expect(findings.map(\.kind) == [.chain])
    #expect(findings.first?.problem.contains("CN = root") == true)
    // With the root in the file nothing is missing.
    #expect(try load(["leaf", "middle", "root"]).findings(hosts: [], now: now).isEmpty)
  }

  @Test("A certificate that is not its key's is refused, with the place of the one that is")
  func pair() {
    #expect(fault(["other", "middle"]).contains("is not the certificate of the key"))
    #expect(fault(["middle", "leaf"]).contains("has the key's certificate in place 2"))
    #expect(fault(["leaf"], key: "middle").contains("is not the certificate of the key"))
  }

  @Test("A certificate is warned of 21 days before its end, and refused after it and before its beginning")
  func validity() throws {
    let certificate = try load(["leaf", "middle", "root"])
    let end = certificate.ends
    #expect(certificate.findings(hosts: [], now: end - 21 * day).isEmpty)
    let soon = certificate.findings(hosts: [], now: end - 21 * day + 1)
    #expect(soon.map(\.kind) == [.soon] && soon[0].isError == false)
    #expect(soon[0].problem.contains("ends in 20 days"))
    let over = certificate.findings(hosts: [], now: end)
    #expect(over.map(\.kind) == [.over] && over[0].isError)
    #expect(fault(["leaf", "middle"], at: end).contains("ended 0 min ago"))
    #expect(fault(["leaf", "middle"], at: end - 1) == "")
    #expect(fault(["leaf", "middle"], at: now - 2 * day).contains("begins only on"))
    // An intermediate that is over ends the chain too.
    #expect(fault(["leaf", "middle"], at: now + 350 * day).contains("ended"))
  }

  @Test("Hosts that it does not name are listed with what it names")
  func names() throws {
    let certificate = try load(["leaf", "middle", "root"])
    let findings = certificate.findings(
      hosts: hosts("voice.example.com", "other.example.com", "a.b.calls.example.com", "192.0.2.7", "192.0.2.8", "leaf"),
      now: now)
    #expect(findings.map(\.kind) == [.names])
    let text = findings[0].problem
    for host in ["other.example.com", "a.b.calls.example.com", "192.0.2.8", "leaf"] {
      #expect(text.contains("\(host) (a tenant)"))
    }
    #expect(!text.contains("192.0.2.7 (a tenant)"))
    #expect(text.contains("but voice.example.com, *.calls.example.com"))
  }

  @Test("A chain without its intermediate, or out of order, is told of")
  func chain() throws {
    #expect(try load(["leaf"]).findings(hosts: [], now: now).map(\.kind) == [.chain])
    #expect(try load(["leaf", "root", "middle"]).findings(hosts: [], now: now).map(\.kind).contains(.order))
  }

  @Test("A self-signed certificate, and one that is not for servers, are told of")
  func others() throws {
    #expect(try load(["root"], key: "root").findings(hosts: [], now: now).map(\.kind) == [.selfSigned])
    let client = try load(["client", "middle", "root"], key: "client").findings(hosts: [], now: now)
    #expect(client.map(\.kind) == [.purpose] && client[0].isError)
  }

  @Test("Files that are no PEM, are cut off or hold half a certificate are refused by name")
  func broken() throws {
    let authority = try Self.authority.get()
    let good = try String(contentsOfFile: authority.path("leaf.pem"), encoding: .utf8)
    let half = authority.path("half.pem")
    for (text, problem) in [
      ("nothing", "holds no PEM CERTIFICATE"),
      (good + good.prefix(300) + "\n-----END CERTIFICATE-----\n", "cannot be read"),
      (good.replacingOccurrences(of: "MII", with: "MIJ"), "cannot be read"),
    ] {
      try Data(text.utf8).write(to: URL(fileURLWithPath: half))
      let result = Result { () throws(CertificateError) in
        try ServerCertificate(certificate: half, key: authority.path("leaf.key"), now: now)
      }
      guard case .failure(let fault) = result else {
        Issue.record("taken: \(problem)")
        continue
      }
      #expect(fault.path == half && fault.problem.contains(problem), "\(fault)")
    }
    // A device is not read at all, be there no end to it or nothing in it.
    for device in ["/dev/null", "/dev/zero"] {
      #expect(throws: CertificateError(path: device, problem: "is no file")) {
        try ServerCertificate(certificate: device, key: authority.path("leaf.key"), now: now)
      }
    }
  }

  @Test("Authorities of clients that are over are told of; an error where all are")
  func authorities() throws {
    let authority = try Self.authority.get()
    let file = try authority.join(["leaf", "middle", "root"], as: "whole.pem")
    let both = try authority.join(["root", "middle"], as: "authorities.pem")
    let certificate = try ServerCertificate(
      certificate: file, key: authority.path("leaf.key"), clientCA: both, now: now)
    let findings = certificate.findings(hosts: [], now: now + 350 * day)
    let ended = findings.filter { $0.kind == .authority }
    #expect(ended.count == 1 && ended[0].isError == false && ended[0].path == both)
    let later = certificate.findings(hosts: [], now: now + 500 * day).filter { $0.kind == .authority }
    #expect(later.map(\.isError) == [true, true])
  }
}
