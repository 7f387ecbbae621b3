/// The metrics of several processes as one text: counters and histograms are sums, and a gauge tells of which process it is,
/// unless a sum of it means something.
///
/// What processes have counted that are gone by now stays in the sums: a counter of the whole never falls.
public struct MergedMetrics: Sendable {
  private struct Family {
    var help = ""
    var kind = "untyped"
    var order: [String] = []
    var values: [String: Double] = [:]

    mutating func add(_ key: String, _ value: Double) {
      if let former = values[key] {
        values[key] = former + value
      } else {
        values[key] = value
        order.append(key)
      }
    }
  }

  /// Gauges that are summed.
  private let sums: Set<String>
  private var gone: [String: Family] = [:]

  /// - Parameter sums: the names of gauges whose sum over processes means something.
  public init(summing sums: Set<String>) { self.sums = sums }

  /// A process is gone; `text` is what it told last.
  public mutating func retire(_ text: String) {
    for (name, family) in Self.read(text, keep: { $0 == "counter" || $0 == "histogram" }) {
      var whole = gone[name] ?? Family(help: family.help, kind: family.kind)
      for key in family.order { whole.add(key, family.values[key] ?? 0) }
      gone[name] = whole
    }
  }

  /// All in one, by name. A text that is none adds nothing; the gauges of one without a number have no label more.
  public func exposition(of processes: [(process: Int?, text: String)]) -> String {
    var all: [String: Family] = [:]
    for (process, text) in processes {
      for (name, family) in Self.read(text, keep: { _ in true }) {
        var whole = all[name] ?? Family(help: family.help, kind: family.kind)
        if whole.help.isEmpty { whole.help = family.help }
        let isSum = family.kind == "counter" || family.kind == "histogram" || sums.contains(name)
        for key in family.order {
          whole.add(isSum ? key : process.map { Self.labelled(key, $0) } ?? key, family.values[key] ?? 0)
        }
        all[name] = whole
      }
    }
    for (name, family) in gone {
      var whole = all[name] ?? Family(help: family.help, kind: family.kind)
      for key in family.order { whole.add(key, family.values[key] ?? 0) }
      all[name] = whole
    }
    var text = ""
    for (name, family) in all.sorted(by: { $0.key < $1.key }) {
      text += family.help
      text += "# TYPE \(name) \(family.kind)\n"
      for key in family.order { text += "\(key) \(Exposition.number(family.values[key] ?? 0))\n" }
    }
    return text
  }

  /// A series with one more label.
  private static func labelled(_ key: String, _ process: Int) -> String {
    let label = "process=\"\(process)\"}"
    return key.hasSuffix("}") ? "\(key.dropLast()),\(label)" : "\(key){\(label)"
  }

  /// The families of a text, which stand one after the other.
  private static func read(_ text: String, keep: (String) -> Bool) -> [String: Family] {
    var families: [String: Family] = [:]
    var name = ""
    var family = Family()
    var help = ""
    func finish() {
      if !name.isEmpty, keep(family.kind) { families[name] = family }
    }
    for line in text.split(separator: "\n") {
      if line.hasPrefix("# HELP ") {
        help = line + "\n"
      } else if line.hasPrefix("# TYPE ") {
        finish()
        let words = line.split(separator: " ")
        guard words.count == 4 else {
          name = ""
          continue
        }
        name = String(words[2])
        family = Family(help: help.hasPrefix("# HELP \(name) ") ? help : "", kind: String(words[3]))
      } else if !name.isEmpty, !line.hasPrefix("#"), let space = line.lastIndex(of: " "),
        let value = Double(line[line.index(after: space)...])
      {
        family.add(String(line[..<space]), value)
      }
    }
    finish()
    return families
  }
}
