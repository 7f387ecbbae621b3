import YAMLReading

/// A group of keys: what the file says under it and the environment variables beneath its name. Asking for a key makes
/// it known; ``finish()`` reports the keys of the file that nothing asked for.
final class Section {
  /// A scalar, from wherever it came.
  struct Value {
    var text: String
    /// Written without quotes in a file.
    var isPlain: Bool
    var place: ConfigurationProblem.Place
    /// From the environment: relative paths are relative to the working directory.
    var isVariable: Bool
  }

  let reading: Reading
  /// As in `listen.tls`; empty for the whole.
  let path: String
  let place: ConfigurationProblem.Place
  private let variable: String
  private let members: [String: YAMLNode.Member]
  private let order: [YAMLNode.Member]
  private var asked: Set<String> = []
  /// What was made of the keys so far: rules look at places after all is read.
  private var parts: [String: Section] = [:]
  private var lists: [String: [Section]] = [:]

  /// The section of a node; a node that is no group of keys counts as empty (and is reported).
  init(
    _ node: YAMLNode?, path: String, variable: String, place: ConfigurationProblem.Place, write: String? = nil,
    reading: Reading
  ) {
    self.reading = reading
    self.path = path
    self.variable = variable
    self.place = node.map { reading.place($0.place) } ?? place
    switch node?.content {
    case .mapping(let members): order = members
    case nil: order = []
    default:
      order = []
      if let node, !node.isNull {
        reading.report(
          node.place,
          "\(path.isEmpty ? "the configuration" : "`\(path)`") has to be a group of keys, this is \(node.kind)",
          write.map { "write \($0)" } ?? "write keys beneath it, as in `key: value`")
      }
    }
    members = Dictionary(order.map { ($0.key, $0) }) { first, _ in first }
  }

  /// The dotted name of a key.
  func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  private func variableName(_ key: String) -> String {
    (variable.isEmpty ? Reading.prefix : variable + "_") + key.uppercased()
  }

  /// Where a key's value is, or else where the section begins.
  func place(of key: String) -> ConfigurationProblem.Place {
    if reading.variables[variableName(key)] != nil { return .variable(variableName(key)) }
    return members[key].map { reading.place($0.value.place) } ?? place
  }

  /// Whether the key is given at all.
  func has(_ key: String) -> Bool {
    reading.variables[variableName(key)] != nil || members[key].map { !$0.value.isNull } ?? false
      || reading.hasVariable(beneath: variableName(key))
  }

  /// Whether the file has the key, be it empty.
  func isMentioned(_ key: String) -> Bool { members[key] != nil }

  // MARK: Parts

  /// The group beneath a key, or `nil` where neither the file nor the environment mentions it.
  func section(_ key: String, write: String? = nil) -> Section? {
    asked.insert(key)
    let node = members[key]?.value
    guard node.map({ !$0.isNull }) ?? false || reading.hasVariable(beneath: variableName(key)) else { return nil }
    return always(key, write: write)
  }

  /// The group beneath a key, empty where nothing mentions it.
  func always(_ key: String, write: String? = nil) -> Section {
    asked.insert(key)
    if let part = parts[key] { return part }
    let part = Section(
      members[key]?.value, path: name(key), variable: variableName(key), place: place, write: write, reading: reading)
    parts[key] = part
    return part
  }

  /// The groups of a list, or `nil` where neither the file nor the environment mentions it.
  func sections(_ key: String, maximum: Int) -> [Section]? {
    asked.insert(key)
    if let list = lists[key] { return list }
    let node = members[key]?.value
    var nodes: [YAMLNode?] = []
    switch node?.content {
    case .sequence(let items): nodes = items
    case nil: break
    default:
      if let node, !node.isNull {
        reading.report(
          node.place, "`\(name(key))` has to be a list, this is \(node.kind)", "begin each entry with a dash, `- `")
      }
    }
    let count = reading.indexCount(beneath: variableName(key))
    if node.map(\.isNull) ?? true, count == 0 { return nil }
    while nodes.count < count { nodes.append(nil) }
    if nodes.count > maximum {
      reading.report(place(of: key), "`\(name(key))` has \(nodes.count) entries", "keep at most \(maximum)")
      nodes.removeSubrange(maximum...)
    }
    let list = nodes.enumerated().map { index, item in
      let variable = "\(variableName(key))_\(index)"
      return Section(
        item, path: "\(name(key))[\(index)]", variable: variable, place: .variable(variable), reading: reading)
    }
    lists[key] = list
    return list
  }

  /// The groups of a list that has been read.
  func entries(_ key: String) -> [Section] { lists[key] ?? [] }

  /// Reports each entry of a list that has been read whose name another has already.
  func reportRepeated(
    _ key: String, by name: String, _ names: [String], _ problem: (_ name: String, _ first: String) -> (String, String)
  ) {
    var places: [String: ConfigurationProblem.Place] = [:]
    for (entry, word) in zip(entries(key), names) where !word.isEmpty {
      let place = entry.place(of: name)
      if let first = places.updateValue(place, forKey: word) {
        let (what, remedy) = problem(word, "\(first)")
        reading.report(place, what, remedy)
      }
    }
  }

  // MARK: Scalars

  /// The scalar of a key: the environment's, or else the file's. An empty one, and a list or a group, are reported.
  func value(_ key: String, write: @autoclosure () -> String) -> Value? {
    asked.insert(key)
    if let text = reading.variable(variableName(key)) {
      return Value(text: text, isPlain: true, place: .variable(variableName(key)), isVariable: true)
    }
    guard let node = members[key]?.value else { return nil }
    return scalar(node, name: name(key), write: write())
  }

  private func scalar(_ node: YAMLNode, name: String, write: @autoclosure () -> String) -> Value? {
    guard case .scalar(let text, let isPlain) = node.content, !node.isNull, !text.isEmpty else {
      let message =
        if case .scalar = node.content { "`\(name)` is empty" } else {
          "`\(name)` has to be a single value, this is \(node.kind)"
        }
      reading.report(node.place, message, "write \(write())")
      return nil
    }
    return Value(text: text, isPlain: isPlain, place: reading.place(node.place), isVariable: false)
  }

  /// The scalars of a list: in the environment with commas between them, or one variable for each (`…_0`).
  func values(_ key: String, maximum: Int, write: @autoclosure () -> String) -> [Value] {
    asked.insert(key)
    let variable = variableName(key)
    if let text = reading.variable(variable) {
      return text.split(separator: ",").map {
        Value(text: String($0).trimmingSpaces, isPlain: true, place: .variable(variable), isVariable: true)
      }
    }
    let count = reading.indexCount(beneath: variable)
    if count > 0 {
      return (0..<count).compactMap { index in
        let name = "\(variable)_\(index)"
        guard let text = reading.variable(name) else {
          reading.report(.variable(name), "is missing, while a later one is set", "number the variables from 0")
          return nil
        }
        return Value(text: text, isPlain: true, place: .variable(name), isVariable: true)
      }
    }
    guard let node = members[key]?.value, !node.isNull else { return [] }
    guard case .sequence(let items) = node.content else {
      reading.report(
        node.place, "`\(name(key))` has to be a list, this is \(node.kind)", "write `\(key): [\(write())]`")
      return []
    }
    guard items.count <= maximum else {
      reading.report(node.place, "`\(name(key))` has \(items.count) entries", "keep at most \(maximum)")
      return []
    }
    return items.enumerated().compactMap { scalar($1, name: "\(name(key))[\($0)]", write: write()) }
  }

  // MARK: The end

  /// Reports every key of the file that was not asked for.
  func finish() {
    for member in order where !asked.contains(member.key) {
      let known = asked.sorted()
      let nearest = reading.suggestion(for: member.key, among: known)
      reading.report(
        member.keyPlace,
        "unknown key `\(member.key.quotedForMessage)`\(path.isEmpty ? "" : " in `\(path)`")",
        nearest.map { "did you mean `\($0)`?" } ?? "write one of: \(known.joined(separator: ", "))")
    }
  }
}
