import Basics
import Foundation
import Testing

@testable import TokenVerification

@Suite("Development issuer")
struct DevelopmentIssuerTests {
  /// A folder that is removed at the end.
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
  }

  private func mode(_ path: String) throws -> Int {
    try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
  }

  @Test("A key file is made once, readable by its owner only, and shared by whoever names it")
  func sharedFile() throws {
    try withFolder { folder in
      let path = folder + "/issuer.pem"
      let first = try DevelopmentIssuer(creatingKeyFile: path)
      let second = try DevelopmentIssuer(creatingKeyFile: path)
      let third = try DevelopmentIssuer(keyFile: path, issuer: "https://other.example")
      #expect(first.keyID == second.keyID && second.keyID == third.keyID)
      #expect(third.issuer == "https://other.example")
      #expect(try mode(path) == 0o600)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["issuer.pem"])
      #expect(try String(contentsOfFile: path, encoding: .utf8).hasPrefix("-----BEGIN PRIVATE KEY-----\n"))
    }
  }

  @Test("Saving replaces the file in one step")
  func saving() throws {
    try withFolder { folder in
      let path = folder + "/issuer.pem"
      let first = try DevelopmentIssuer(creatingKeyFile: path)
      let other = try DevelopmentIssuer()
      try other.save(keyFile: path)
      #expect(try DevelopmentIssuer(keyFile: path).keyID == other.keyID)
      #expect(first.keyID != other.keyID)
      #expect(try mode(path) == 0o600)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["issuer.pem"])
    }
  }

  @Test("A key file that others can read, or that holds no key, is an error that says what to do")
  func badFiles() throws {
    try withFolder { folder in
      let path = folder + "/issuer.pem"
      _ = try DevelopmentIssuer(creatingKeyFile: path)
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
      let open = DevelopmentIssuer.SigningKeyError.file(FileError(path, .openToOthers(mode: 0o644)))
      #expect(throws: open) { try DevelopmentIssuer(creatingKeyFile: path) }
      #expect("\(open)".contains("chmod 600"))
      // A file that is too long is not cut to what may be read.
      let long = folder + "/long.pem"
      let pem = try String(contentsOfFile: path, encoding: .utf8) + String(repeating: "\n", count: 16_384)
      #expect(
        FileManager.default.createFile(
          atPath: long, contents: Data(pem.utf8), attributes: [.posixPermissions: 0o600]))
      #expect(throws: DevelopmentIssuer.SigningKeyError.file(FileError(long, .tooLong(maximum: 16_384)))) {
        try DevelopmentIssuer(keyFile: long)
      }
      let other = folder + "/other.pem"
      #expect(
        FileManager.default.createFile(
          atPath: other, contents: Data("no key".utf8), attributes: [.posixPermissions: 0o600]))
      #expect(throws: DevelopmentIssuer.SigningKeyError.notAnRSAKey) { try DevelopmentIssuer(creatingKeyFile: other) }
      let missing = folder + "/none.pem"
      #expect(throws: DevelopmentIssuer.SigningKeyError.file(FileError(missing, .cannotBe("read", errno: ENOENT)))) {
        try DevelopmentIssuer(keyFile: missing)
      }
      let nowhere = folder + "/no/such/folder.pem"
      #expect(throws: DevelopmentIssuer.SigningKeyError.file(FileError(nowhere, .cannotBe("written", errno: ENOENT)))) {
        try DevelopmentIssuer(creatingKeyFile: nowhere)
      }
    }
  }

  @Test("The key set it publishes verifies the tokens it makes; its key id is the key's thumbprint")
  func published() throws {
    let issuer = try Fixture.issuer.get()
    let tenant = try Tenant(organization: Fixture.organization, name: "T", url: Fixture.url, nonces: ["n"])
    let set = try KeySet(parsing: Array(issuer.keySetDocument.utf8))
    let verifier = TokenVerifier(
      policy: ClaimPolicy(issuers: [issuer.issuer], tenants: [tenant]),
      keys: StaticKeySource([issuer.issuer: set]))
    let token = try issuer.mint(issuer.claims(for: tenant))
    #expect(verifier.verify(authorization: [token], schema: .exactly(.voiceVirtualAgent)).identity != nil)
    #expect(set.keyIDs == [issuer.keyID])
    #expect(issuer.keyID.utf8.count == 43)
  }

  @Test("The thumbprint is that of RFC 7638's example")
  func thumbprint() throws {
    let modulus =
      "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    let key = try RSAPublicKey(modulus: Base64URL.decode(modulus), exponent: [1, 0, 1])
    #expect(key.thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
  }
}
