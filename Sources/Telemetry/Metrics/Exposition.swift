/// Prometheus text (Prometheus, "Exposition formats", text format 0.0.4).
enum Exposition {
  private static let maximumLabelLength = 128

  /// A name of letters, digits, `_` and `:` that does not begin with a digit, with the suffix its kind calls for.
  static func name(_ label: String, kind: MetricFamily.Kind? = nil, suffix: String = "") -> String {
    var name = identifier(label, allowsColon: true)
    let suffix = kind == .counter ? "_total" : suffix
    if !name.hasSuffix(suffix) { name += suffix }
    return name
  }

  /// The labels in their order by name, escaped, or an empty text.
  static func labels(_ dimensions: [(String, String)]) -> String {
    guard !dimensions.isEmpty else { return "" }
    let pairs = dimensions.sorted { $0.0 < $1.0 }.map { name, value in
      "\(identifier(name, allowsColon: false))=\"\(escaped(value))\""
    }
    return "{\(pairs.joined(separator: ","))}"
  }

  private static func identifier(_ text: String, allowsColon: Bool) -> String {
    var result = ""
    for scalar in text.unicodeScalars.prefix(maximumLabelLength) {
      switch scalar {
      case "a"..."z", "A"..."Z", "_": result.unicodeScalars.append(scalar)
      case "0"..."9":
        if result.isEmpty { result = "_" }
        result.unicodeScalars.append(scalar)
      case ":" where allowsColon: result.unicodeScalars.append(scalar)
      default: result.append("_")
      }
    }
    return result.isEmpty ? "_" : result
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars.prefix(maximumLabelLength) {
      switch scalar {
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      case "\n": result += "\\n"
      default: result.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
      }
    }
    return result
  }

  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if let whole = Int64(exactly: value) { return "\(whole)" }
    return "\(value)"
  }

  static func help(_ name: String, _ text: String) -> String {
    let line = text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    return "# HELP \(name) \(line)\n"
  }
}

extension MetricsRegistry {
  /// The media type of ``exposition()``.
  public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// All metrics as Prometheus text, by name; of those declared and not made yet, what they mean.
  public func exposition() -> String {
    // Instruments are classes that are read without the lock; figures may take locks of their own.
    let (families, figures) = state.withLock { ($0.families, $0.figures) }
    var text = ""
    for name in Set(families.keys).union(figures.keys).sorted() {
      if let figure = figures[name] {
        text += Exposition.help(name, figure.help)
        text += "# TYPE \(name) \(figure.kind.rawValue)\n\(name)\(figure.labels) \(Exposition.number(figure.read()))\n"
        continue
      }
      guard let family = families[name] else { continue }
      if let line = family.help { text += Exposition.help(name, line) }
      text += "# TYPE \(name) \(family.kind.rawValue)\n"
      for (labels, instrument) in family.series.sorted(by: { $0.key < $1.key }) {
        switch instrument {
        case .number(let number): text += "\(name)\(labels) \(Exposition.number(number.value))\n"
        case .histogram(let histogram): text += histogram.exposition(name: name, labels: labels)
        }
      }
    }
    return text
  }
}

extension HistogramInstrument {
  fileprivate func exposition(name: String, labels: String) -> String {
    let (cumulative, sum) = snapshot
    let inner = labels.isEmpty ? "" : labels.dropFirst().dropLast() + ","
    var text = ""
    for (index, count) in cumulative.enumerated() {
      let bound = index < bounds.count ? Exposition.number(bounds[index]) : "+Inf"
      text += "\(name)_bucket{\(inner)le=\"\(bound)\"} \(count)\n"
    }
    text += "\(name)_sum\(labels) \(Exposition.number(sum))\n"
    text += "\(name)_count\(labels) \(cumulative.last ?? 0)\n"
    return text
  }
}
