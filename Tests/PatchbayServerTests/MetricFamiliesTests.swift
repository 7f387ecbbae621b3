import Foundation
import Testing

@testable import PatchbayServer

@Suite("The families of metrics")
struct MetricFamiliesTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The texts of all files below a folder with a suffix.
  private static func texts(in folder: String, suffix: String) throws -> String {
    let folder = root.appending(path: folder)
    let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(suffix) }
    #expect(!paths.isEmpty)
    return try paths.map { try String(contentsOf: folder.appending(path: $0), encoding: .utf8) }.joined()
  }

  /// The names in the table of Docs/metrics.md with their labels.
  private static func documented() throws -> [String: [String]] {
    let page = try String(contentsOf: root.appending(path: "Docs/metrics.md"), encoding: .utf8)
    let rows = page.matches(of: /(?m)^\| `(\w+)` \| \w+ \| ([^|]*) \|/).map {
      (String($0.1), $0.2.matches(of: /`(\w+)`/).map { String($0.1) })
    }
    return Dictionary(uniqueKeysWithValues: rows)
  }

  @Test("each instrument that the sources make is declared, and nothing else is")
  func instruments() throws {
    let pattern = /(?:Counter|Gauge|Meter|Timer|Recorder|timer)\(\s*(?:label: )?"(patchbay_[a-z0-9_]+)"/
    let made = Set(try Self.texts(in: "Sources", suffix: ".swift").matches(of: pattern).map { String($0.1) })
    #expect(made.count > 70)
    #expect(made.symmetricDifference(MetricFamilies.all.map(\.name)) == [])
    #expect(Set(MetricFamilies.all.map(\.name)).count == MetricFamilies.all.count)
  }

  @Test("each family has its row in Docs/metrics.md, with its labels")
  func table() throws {
    let rows = try Self.documented()
    for family in MetricFamilies.all { #expect(rows[family.name] == family.labels, "\(family.name)") }
  }

  @Test("each metric that any page names is one of that table")
  func documentation() throws {
    let rows = try Self.documented()
    let named = try Self.texts(in: "Docs", suffix: ".md").matches(of: /`(patchbay_[a-z0-9_]+)/)
      .map { String($0.1) }
    #expect(named.count > 40)
    // The one name that is no metric's is a parameter of a bot's.
    for name in Set(named).subtracting(["patchbay_left_out"]) { #expect(rows[name] != nil, "\(name)") }
  }
}
