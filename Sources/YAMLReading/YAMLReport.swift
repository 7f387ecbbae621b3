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

  /// The known name nearest to a mistyped one. Looking for it takes a while, so only the first problems have it.
  package final func suggestion(for word: String, among names: some Sequence<String>) -> String? {
    problems.count < Self.maximumSuggestions ? Suggestion.nearest(to: word, among: names) : nil
  }
}
