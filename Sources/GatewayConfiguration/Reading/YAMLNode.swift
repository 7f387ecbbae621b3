/// A value of the configuration file with the place where it begins.
struct YAMLNode {
  /// A key of a mapping and its value.
  struct Member {
    var key: String
    var keyPlace: ConfigurationProblem.Place
    var value: YAMLNode
  }

  enum Content {
    /// The text of a scalar; plain means written without quotes or block style.
    case scalar(String, isPlain: Bool)
    case sequence([YAMLNode])
    case mapping([Member])
  }

  var content: Content
  var place: ConfigurationProblem.Place

  /// Whether nothing was written: an empty value, `~` or `null`.
  var isNull: Bool {
    guard case .scalar(let text, isPlain: true) = content else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(text)
  }

  /// What the value is, for messages.
  var kind: String {
    switch content {
    case .scalar: isNull ? "empty" : "a single value"
    case .sequence: "a list"
    case .mapping: "a group of keys"
    }
  }
}
