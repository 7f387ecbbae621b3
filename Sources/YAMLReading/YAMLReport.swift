/// One reading of a YAML text: what was found wrong.
open class YAMLReport {
  /// Problems that are collected before the rest is left unsaid.
  package static let maximumProblems = 200
  /// The problems that come with the word that may have been meant.
  package static let maximumSuggestions = 20

  package private(set) var problems: [YAMLProblem] = []

  package init() {}

  package final func report(_ place: YAMLPlace, _ message: String, _ remedy: String? = nil) {
    guard problems.count < Self.maximumProblems else { return }
    problems.append(YAMLProblem(place, message, remedy))
  }

  /// What `read` makes of the group of keys in a text; it is not asked where the text is no such group.
  ///
  /// - Parameters:
  ///   - file: where the text stands, for the problems.
  ///   - name: what the group is, for messages: `the call`.
  ///   - write: what has to be in it.
  /// - Throws: everything that is wrong with it, in the order of the places.
  package final func read<Value>(
    _ text: [UInt8], of file: String, name: String, write: String, _ read: (YAMLGroup) -> Value?
  ) throws(ConfigurationError) -> Value {
    let (root, syntax) = YAMLNode.compose(text)
    var value: Value?
    if let root {
      let group = YAMLGroup(root, name: name, write: write, reading: self)
      if case .mapping = root.content { value = read(group) }
    } else if syntax.isEmpty {
      report(YAMLPlace(line: 1, column: 1), "\(name) is empty", "write \(write)")
    }
    let problems = (syntax + problems).sorted { $0.place < $1.place }
    guard problems.isEmpty, let value else {
      throw ConfigurationError(problems.prefix(Self.maximumProblems).map { .init($0, of: file) })
    }
    return value
  }

  /// The known name nearest to a mistyped one. Looking for it takes a while, so only the first problems have it.
  package final func suggestion(for word: String, among names: some Sequence<String>) -> String? {
    problems.count < Self.maximumSuggestions ? Suggestion.nearest(to: word, among: names) : nil
  }
}
