import Basics

/// A place in a YAML text: line and column, counted from 1.
public struct YAMLPlace: Sendable, Hashable, Comparable {
  /// The line, from 1.
  public var line: Int
  /// The column in characters, from 1.
  public var column: Int

  /// A place.
  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  /// Whether a place comes before another.
  public static func < (left: YAMLPlace, right: YAMLPlace) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}

/// One thing that is wrong with a YAML text: where, what, and what to write instead.
public struct YAMLProblem: Sendable, Hashable {
  /// Where it is.
  public var place: YAMLPlace
  /// What is wrong.
  public var message: String
  /// What to do about it.
  public var remedy: String?

  /// A problem at a place.
  public init(_ place: YAMLPlace, _ message: String, _ remedy: String? = nil) {
    self.place = place
    self.message = message
    self.remedy = remedy
  }
}

/// A value of a YAML text with the place where it begins.
public struct YAMLNode: Sendable {
  /// A key of a group and its value.
  public struct Member: Sendable {
    /// The key; not empty, and only once in its group.
    public var key: String
    /// Where the key begins.
    public var keyPlace: YAMLPlace
    /// Its value.
    public var value: YAMLNode
  }

  /// The forms of values.
  public indirect enum Content: Sendable {
    /// The text of a scalar; plain means written without quotes or block style.
    case scalar(String, isPlain: Bool)
    /// A list.
    case sequence([YAMLNode])
    /// A group of keys, in the order of the text.
    case mapping([Member])
  }

  /// The value.
  public var content: Content
  /// Where it begins.
  public var place: YAMLPlace

  /// A value at a place.
  public init(_ content: Content, at place: YAMLPlace) {
    self.content = content
    self.place = place
  }

  /// Whether nothing was written: an empty value, `~` or `null`.
  public var isNull: Bool {
    guard case .scalar(let text, isPlain: true) = content else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(text)
  }

  /// What the value is, for messages.
  public var kind: String {
    switch content {
    case .scalar: isNull ? "empty" : "a single value"
    case .sequence: "a list"
    case .mapping: "a group of keys"
    }
  }
}

extension String {
  /// The text as it may stand in a message: short, and without control characters.
  public var quotedForMessage: String { readable(most: 64) }
}
