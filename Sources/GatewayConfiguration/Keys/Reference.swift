import Yams

/// The page that tells every key, made from their descriptions.
enum Reference {
  /// What the page says of a key.
  struct Row: Sendable {
    /// The part of the page.
    var heading: String
    /// The whole name, as in `agents[].speech.preroll`.
    var name: String
    var type: String
    var standard: String
    var isLive: Bool
    var help: String

    /// The environment variable.
    var variable: String {
      Reading.prefix + name.replacing("[]", with: "_0").replacing(".", with: "_").uppercased()
    }

    /// Whether it has keys of its own, which have the variables.
    var isGroup = false

    var line: String {
      if isGroup { return "| **`\(name)`** | \(type) | \(standard) | | \(help) |" }
      return "| `\(name)`<br>`\(variable)` | \(type) | \(standard) | \(isLive ? "yes" : "restart") | \(help) |"
    }
  }

  /// Where rows stand.
  struct Place: Sendable {
    var heading = ""
    var prefix = ""
    var isLive = false

    func beneath(_ name: String) -> Self {
      let word = name.prefix { $0 != "." && $0 != "[" }
      return Place(heading: heading.isEmpty ? "`\(word)`" : heading, prefix: prefix + name, isLive: isLive)
    }

    /// In a part of the page of its own.
    func titled(_ heading: String) -> Self { Place(heading: heading, prefix: prefix, isLive: isLive) }

    func changing(_ isLive: Bool) -> Self {
      Place(heading: heading, prefix: prefix, isLive: self.isLive || isLive)
    }

    func row(_ name: String, _ type: String, _ standard: String, _ help: String, isGroup: Bool = false) -> Row {
      Row(
        heading: heading.isEmpty ? "`\(name)`" : heading, name: prefix + name, type: type, standard: standard,
        isLive: isLive, help: help, isGroup: isGroup)
    }
  }

  /// A default as the page tells it: nothing for a group, and where the key is left out.
  static func text(_ printed: [(suffix: String, node: Node)]) -> String {
    guard let node = printed.first?.node else { return "" }
    if let items = node.sequence {
      let texts = items.compactMap(\.scalar?.string)
      return items.isEmpty || texts.count < items.count ? "" : "`[\(texts.joined(separator: ", "))]`"
    }
    return node.scalar.map { "`\($0.string)`" } ?? ""
  }
}

extension Configuration {
  /// `Docs/configuration.md`: every key with its variable, values, default and meaning, as Markdown.
  public static var reference: String {
    var text = """
      # Configuration

      This page has every key of the YAML file, as `patchbay config reference` prints it.

      - Each key is an environment variable too, which wins over the file. The name's dots become underscores, and the \
      entries of a list are numbered from 0. A list of single values is one variable, with commas between them, or one \
      numbered variable for each.
      - A duration is a whole number with its unit (`ms`, `s`, `m`, `h`, `d`). A size is one with `KiB`, `MiB` or `GiB`.
      - A path is relative to the folder of the file.
      - A secret is never in the file: `…_file` is the path of a file that only its owner can read, `…_variable` the \
      name of an environment variable.
      - `patchbay config check` reports each mistake with its line. `patchbay config print` prints the configuration in \
      force.
      - A server reads a changed file again. *Live* keys take effect at once, the others with the next start; the log \
      names them.

      """
    let rows = rows(Reference.Place())
    var headings: Set<String> = []
    for heading in rows.map(\.heading) where headings.insert(heading).inserted {
      text += "\n## \(heading)\n\n| Key | Value | Default | Live | Meaning |\n| --- | --- | --- | --- | --- |\n"
      for row in rows where row.heading == heading { text += row.line + "\n" }
    }
    return text
  }
}
