import Foundation
import Testing
import YAMLReading

@testable import GatewayConfiguration

@Suite("Revocations")
struct RevocationTests {
  static let organization = "ce861fba-6e2f-49f9-9a84-b354008fac9e"

  private func parse(_ text: String) throws(ConfigurationError) -> Set<Configuration.Revocation> {
    try Configuration.Revocation.parse(Array(text.utf8), file: "revoked.txt")
  }

  @Test("each line has an organization and a nonce; comments, empty lines and blanks around them say nothing")
  func lines() throws {
    let found = try parse(
      """
      # what was lost in November

      CE861FBA-6E2F-49F9-9A84-B354008FAC9E nonce-1
        \(Self.organization)\tnonce 2 with spaces  \r
      """)
    #expect(
      found == [
        .init(organization: Self.organization, nonce: "nonce-1"),
        .init(organization: Self.organization, nonce: "nonce 2 with spaces"),
      ])
  }

  @Test(
    "what is none is reported with its line, and nothing of the file is taken",
    arguments: [
      "acme nonce", organization, "\(organization) \u{7}", "\(organization) " + String(repeating: "n", count: 513),
    ])
  func bad(line: String) {
    #expect {
      _ = try parse("\(Self.organization) good\n\(line)\n")
    } throws: { error in
      let problems = (error as? ConfigurationError)?.problems ?? []
      return problems.map(\.place) == [.file("revoked.txt", line: 2, column: 1)]
    }
  }

  @Test(
    "nonces are told apart by their bytes, as claims are: a letter with an accent, and one with the accent after it")
  func sameText() throws {
    let (one, two) = ("caf\u{E9}", "cafe\u{301}")
    #expect(one == two)
    #expect(try parse("\(Self.organization) \(one)\n\(Self.organization) \(two)\n").count == 2)
  }

  @Test("bytes that are no UTF-8 are reported with their line")
  func bytes() {
    #expect(throws: ConfigurationError.self) {
      _ = try Configuration.Revocation.parse([0x0A, 0xFF], file: "revoked.txt")
    }
  }

  @Test("a mistake in the file is a mistake of the configuration that names it")
  func named() throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    try Data("not a line\n".utf8).write(to: URL(filePath: fixture.folder + "/revoked.txt"))
    #expect {
      _ = try Configuration.parse(Fixture.full, file: fixture.file)
    } throws: { "\($0)".hasPrefix("\(fixture.folder)/revoked.txt:1:1: this is no revocation; write") }
  }
}
