import YAMLReading

/// One reading of a configuration: the file's name, the environment, and what was found wrong. Sections share it.
final class Reading {
  /// What the names of the configuration's environment variables begin with.
  static let prefix = "PATCHBAY_"
  /// Problems that are collected before the rest is left unsaid.
  static let maximumProblems = 200

  private let file: String
  /// The file's folder with its slash; empty for the working directory.
  let folder: String
  /// The configuration's variables only; empty ones count as not set.
  let variables: [String: String]
  private(set) var problems: [ConfigurationProblem] = []
  private(set) var warnings: [ConfigurationProblem] = []
  /// The files that the configuration names and that can be read, by the names of their keys.
  private(set) var files: [(key: String, path: String)] = []
  /// What keys further down refer to.
  var isDemo = false
  var tenants: [Configuration.Tenant] = []
  var egress = Configuration.Egress()
  private var usedVariables: Set<String> = []
  private var knownVariables: Set<String> = []

  init(file: String, environment: [String: String]) {
    self.file = file
    folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
    variables = environment.filter {
      $0.key.hasPrefix(Self.prefix) && !$0.value.isEmpty && !Self.isServiceLink($0.key, $0.value)
    }
  }

  /// A place of the file.
  func place(_ place: YAMLPlace) -> ConfigurationProblem.Place {
    .file(file, line: place.line, column: place.column)
  }

  func report(_ place: YAMLPlace, _ message: String, _ remedy: String? = nil) {
    report(self.place(place), message, remedy)
  }

  func report(_ place: ConfigurationProblem.Place, _ message: String, _ remedy: String? = nil) {
    guard problems.count < Self.maximumProblems else { return }
    problems.append(.init(place, message, remedy))
  }

  func warn(_ place: ConfigurationProblem.Place, _ message: String, _ remedy: String? = nil) {
    guard warnings.count < Self.maximumProblems else { return }
    warnings.append(.init(place, message, remedy))
  }

  /// A key names a file that can be read.
  func note(file path: String, of key: String) { files.append((key, path)) }

  /// "did you mean …?" for a mistyped word, as long as problems are still collected; among the first 1,000 names.
  func suggestion(for word: String, among names: some Sequence<String>) -> String? {
    guard problems.count < Self.maximumProblems else { return nil }
    return Suggestion.nearest(to: word, among: names.prefix(1_000))
  }

  /// The variable's value, marking it as known.
  func variable(_ name: String) -> String? {
    knownVariables.insert(name)
    guard let value = variables[name] else { return nil }
    usedVariables.insert(name)
    return value
  }

  /// Whether a variable's name goes on from this one.
  func hasVariable(beneath name: String) -> Bool {
    variables.keys.contains { $0.hasPrefix(name + "_") }
  }

  /// One more than the highest index in the variables beneath a list's name, at most 1,000.
  func indexCount(beneath name: String) -> Int {
    variables.keys.reduce(0) { count, key in
      guard key.hasPrefix(name + "_") else { return count }
      let digits = key.dropFirst(name.utf8.count + 1).prefix { ("0"..."9").contains($0) }
      guard let index = Int(digits), index < 1_000 else { return count }
      return max(count, index + 1)
    }
  }

  /// Reports variables that no key asked for.
  func reportUnknownVariables() {
    for name in variables.keys.sorted() where !usedVariables.contains(name) {
      let nearest = suggestion(for: name, among: knownVariables.sorted())
      report(
        .variable(name.quotedForMessage), "no key of the configuration has this variable",
        nearest.map { "did you mean \($0)?" } ?? "remove it")
    }
  }

  /// Kubernetes sets `NAME_SERVICE_HOST`, `NAME_PORT_80_TCP` and the like for every service of the namespace
  /// (Kubernetes, "Service: discovering services"), so a service called `patchbay` brings variables that are not ours.
  private static func isServiceLink(_ name: String, _ value: String) -> Bool {
    if name.hasSuffix("_SERVICE_HOST") || name.hasSuffix("_SERVICE_PORT") || name.contains("_SERVICE_PORT_") {
      return true
    }
    if value.hasPrefix("tcp://") || value.hasPrefix("udp://") || value.hasPrefix("sctp://") {
      return name.hasSuffix("_PORT") || name.contains("_PORT_")
    }
    return ["_TCP_PROTO", "_TCP_PORT", "_TCP_ADDR", "_UDP_PROTO", "_UDP_PORT", "_UDP_ADDR"].contains {
      name.hasSuffix($0) && name.contains("_PORT_")
    }
  }
}
