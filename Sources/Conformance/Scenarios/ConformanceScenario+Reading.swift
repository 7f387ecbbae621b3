import Basics
import ReplayKit
public import YAMLReading

extension ConformanceScenario {
  private static let ends = [".yaml", ".yml"]

  /// The scenarios of files and folders, in the order given; those of a folder in the order of their names.
  public static func read(_ paths: [String]) throws(ConfigurationError) -> [ConformanceScenario] {
    var files: [String] = []
    for path in paths { files += BoundedFile.isFolder(path) ? try Self.files(in: path) : [path] }
    guard files.count <= maximum else {
      throw ConfigurationError(
        .wholeFile(paths[0]), "\(files.count) scenarios are more than a run plays", "give at most \(maximum)")
    }
    var scenarios: [ConformanceScenario] = []
    var problems: [ConfigurationProblem] = []
    for file in files {
      do throws(ConfigurationError) {
        let scenario = try ConformanceScenario(file: file)
        if let other = scenarios.first(where: { $0.id == scenario.id }) {
          problems.append(
            .init(
              .wholeFile(file), "its rules would have the same ids as those of \(other.file): scenario.\(scenario.id)",
              "give the file another name"))
        }
        scenarios.append(scenario)
      } catch { problems += error.problems }
    }
    guard problems.isEmpty else { throw ConfigurationError(Array(problems.prefix(YAMLReport.maximumProblems))) }
    return scenarios
  }

  private static func files(in folder: String) throws(ConfigurationError) -> [String] {
    let names = BoundedFile.names(in: folder, mostEntries: 10_000) ?? []
    let found = names.filter { !$0.hasPrefix(".") && ends.contains(where: $0.hasSuffix) }.map { folder + "/" + $0 }
    guard !found.isEmpty else {
      throw ConfigurationError(
        .wholeFile(folder), "there is no scenario in this folder",
        "a scenario is a file that ends in .yaml; `patchbay conformance from-recording` makes one of a recorded call")
    }
    return found
  }

  /// Reads a file. Everything that is wrong is told with its line and column.
  public init(file: String) throws(ConfigurationError) {
    let bytes = try ConfigurationError.read(
      file, maximum: RecordedCall.maximumBytes, name: "the scenario",
      write: "write `scenario: 1` and `turns:`, as the documentation shows")
    try self.init(text: bytes, file: file)
  }

  /// Reads a text as if it were in a file of this path.
  public init(text: [UInt8], file: String) throws(ConfigurationError) {
    let report = YAMLReport()
    self.init(RecordedCall(name: Self.id(of: file)), file: file)
    try report.read(text, of: file, name: "the scenario", write: "`scenario: 1` and `turns:` beneath it") {
      read($0, report)
    }
  }

  private mutating func read(_ group: YAMLGroup, _ report: YAMLReport) {
    guard !group.has("call") else {
      return report.report(
        group.place(of: "call"), "this is a recorded call, not a scenario",
        "make one of it: patchbay conformance from-recording FOLDER")
    }
    if group.integer("scenario", in: Self.version...Self.version) == nil, !group.has("scenario") {
      report.report(
        group.place, "`scenario` is missing: the version of the format", "write `scenario: \(Self.version)`")
    }
    if let text = group.text("name", maximum: 200, write: "a few words") { call.name = text.text }
    agent = group.text("agent", maximum: 256, write: "the id of an agent")?.text
    vendorConfiguration = group.text("vendor_config", maximum: 4096, write: "what Control Hub has")?.text
    if let text = group.text("otherwise", maximum: 500, write: "what becomes of a call") { otherwise = text.text }
    readInfo(group, report)
    readChoices(group, report)
    call.readSteps(group, report)
    places = [group.place(of: "greeting")]
    if case .sequence(let items)? = group.node("turns")?.content { places += items.map(\.place) }
    group.finish()
  }

  private mutating func readInfo(_ group: YAMLGroup, _ report: YAMLReport) {
    guard let node = group.node("info") else { return }
    guard case .mapping(let members) = node.content, members.count <= 100 else {
      return report.report(
        node.place, "`info` has to be a group of at most 100 keys",
        "write what the flow hands over, as in {queue: sales}")
    }
    for member in members {
      guard case .scalar(let text, _) = member.value.content, text.utf8.count <= 4096, member.key.utf8.count <= 256
      else {
        report.report(
          member.value.place, "`\(member.key.quotedForMessage)` of `info` has to be text of at most 4096 bytes",
          "write it in quotes")
        continue
      }
      info[member.key] = text
    }
  }

  private mutating func readChoices(_ group: YAMLGroup, _ report: YAMLReport) {
    let severities = Rule.Severity.allCases.map(\.rawValue).joined(separator: ", ")
    if let (text, place) = group.text("severity", maximum: 20, write: "one of: \(severities)") {
      if let chosen = Rule.Severity(rawValue: text) {
        severity = chosen
      } else {
        report.report(place, "`severity` cannot be `\(text.quotedForMessage)`", "write one of: \(severities)")
      }
    }
    let names = Wire.allCases.map(\.rawValue).joined(separator: ", ")
    guard let node = group.node("wires") else { return }
    guard case .sequence(let items) = node.content, !items.isEmpty, items.count <= Wire.allCases.count else {
      return report.report(node.place, "`wires` has to be a list of one wire or two", "write it as in [grpc]")
    }
    wires = []
    for item in items {
      if case .scalar(let text, _) = item.content, let wire = Wire(rawValue: text) {
        wires.insert(wire)
      } else {
        report.report(item.place, "`wires` cannot have \(item.quoted)", "write one of: \(names)")
      }
    }
  }
}
