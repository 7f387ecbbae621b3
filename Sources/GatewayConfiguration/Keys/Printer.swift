import Yams

/// What printing needs to know: the folder that relative paths are relative to.
struct Printer: Sendable {
  var folder = "/"

  func path(_ text: String) -> Node {
    .text(text.hasPrefix("/") ? text : folder + (folder.hasSuffix("/") ? "" : "/") + text)
  }
}

extension Configuration {
  /// The whole configuration as YAML, defaults included. Secrets are not in it: a secret is a file's or a variable's
  /// name, and nonces, which the platform's tokens carry, are masked. What is printed can be read back, but for those.
  ///
  /// - Parameter folder: the absolute path that relative paths are relative to, so that the output means the same
  ///   wherever it is saved.
  public func yaml(relativeTo folder: String) -> String {
    do {
      return try serialize(node: .keys(nodes(Printer(folder: folder))), width: -1, allowUnicode: true)
    } catch {
      preconditionFailure("libYAML writes any tree of texts into memory: \(error)")
    }
  }
}

extension Node {
  /// Text in quotes, so that nothing in it is taken for something else.
  static func text(_ text: String) -> Node { Node(text, .implicit, .doubleQuoted) }

  static func plain(_ text: String) -> Node { Node(text) }

  /// In place of what may be secret.
  static var masked: Node { .text("********") }

  static func list(_ nodes: [Node]) -> Node { Node(nodes) }

  static func keys(_ keys: [(String, Node)]) -> Node { Node(keys.map { (Node($0), $1) }) }
}
