import Foundation
import Testing

@testable import GatewayConfiguration

@Suite("The reference of the configuration")
struct ReferenceTests {
  private static let rows = Configuration.rows(Reference.Place())

  @Test("is the page in Docs")
  func page() throws {
    let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Docs/configuration.md")
    let committed = try String(contentsOf: page, encoding: .utf8)
    #expect(
      committed == Configuration.reference, "write it anew: patchbay config reference > Docs/configuration.md")
  }

  @Test("tells every key that is printed")
  func isComplete() throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    let names = Set(Self.rows.map(\.name))
    let printed = try Configuration.parse(Fixture.full, file: fixture.file).configuration.yaml(relativeTo: "/")
    let keys = printed.split(separator: "\n").compactMap { line -> Substring? in
      let word = line.drop { $0 == " " || $0 == "-" }.prefix { $0 != ":" }
      return word.contains("\"") ? nil : word
    }
    #expect(keys.count > 60)
    for key in keys {
      #expect(names.contains { $0 == key || $0.hasSuffix(".\(key)") }, "\(key) has no row")
    }
  }

  @Test("has a variable for each key, which the configuration knows")
  func variables() {
    let variables = Self.rows.filter { $0.type.hasPrefix("a duration") }.map(\.variable)
    #expect(variables.contains("PATCHBAY_AGENTS_0_SPEECH_END_SILENCE"))
    for variable in variables where !variable.contains("ENGINE") && !variable.contains("RECEIVERS") {
      let found = problems(of: "agents: [{id: a, engine: {kind: demo}}]", environment: [variable: "never"])
      #expect(found.contains { $0.hasPrefix("\(variable): `") && $0.contains("cannot be `never`") }, "\(found)")
    }
  }
}
