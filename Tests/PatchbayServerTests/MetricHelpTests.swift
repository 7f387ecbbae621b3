import Foundation
import Testing

@testable import PatchbayServer

@Suite("The meaning of metrics")
struct MetricHelpTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The texts of all files below a folder with a suffix.
  private static func texts(in folder: String, suffix: String) throws -> String {
    let folder = root.appending(path: folder)
    let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(suffix) }
    #expect(!paths.isEmpty)
    return try paths.map { try String(contentsOf: folder.appending(path: $0), encoding: .utf8) }.joined()
  }

  @Test("each instrument that the sources make has its meaning, and nothing else has one")
  func instruments() throws {
    let pattern = /(?:Counter|Gauge|Meter|Timer|Recorder)\(\s*label: "(patchbay_[a-z0-9_]+)"/
    let made = Set(try Self.texts(in: "Sources", suffix: ".swift").matches(of: pattern).map { String($0.1) })
    #expect(made.count > 70)
    #expect(made == Set(MetricHelp.table.keys))
    let hasEmpty = MetricHelp.table.values.contains { $0.isEmpty }
    #expect(!hasEmpty)
  }

  @Test("each metric that the documentation names is there")
  func documentation() throws {
    let sources = try Self.texts(in: "Sources", suffix: ".swift")
    let named = try Self.texts(in: "Docs", suffix: ".md").matches(of: /`(patchbay_[a-z0-9_]+)/)
      .map { String($0.1) }
    #expect(named.count > 40)
    for name in Set(named) where MetricHelp.table[name] == nil {
      let label = name.hasSuffix("_total") ? String(name.dropLast("_total".count)) : name
      #expect(sources.contains("\"\(label)\""), "\(name)")
    }
  }
}
