import Testing

@testable import CallGateway

@Suite("A client certificate's names")
struct ClientNamesTests {
  @Test(
    "a name or a wildcard for one label is matched, nothing wider",
    arguments: [
      ("insight.prod.example.com", "insight.prod.example.com", true),
      ("insight.prod.example.com", "*.prod.example.com", true),
      ("insight.prod.example.com", "*.example.com", false),
      ("prod.example.com", "*.prod.example.com", false),
      (".example.com", "*.example.com", false),
      ("example.com", "*.example.com", false),
      ("evil-example.com", "example.com", false),
      ("localhost", "*.localhost", false),
    ])
  func matching(name: String, pattern: String, isMatch: Bool) {
    #expect(ClientNames.matches(name, pattern: pattern) == isMatch)
  }

  @Test("without names every client is admitted; with names, one without a certificate is not")
  func admission() {
    #expect(ClientNames([]).admit(nil))
    #expect(!ClientNames(["a.example.com"]).admit(nil))
  }
}
