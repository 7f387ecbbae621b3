import BotEngine
import YAMLReading

extension DialogueReader {
  /// An action: the name of a state, or a group with one of goto, stay, transfer and end, and what to say before.
  mutating func action(_ node: YAMLNode, of name: String, from index: Int, isThen: Bool = false) -> Dialogue.Action? {
    let action = read(node, of: name, from: index, isThen: isThen)
    if action == nil { hasLostSteps = true }
    return action
  }

  private mutating func read(
    _ node: YAMLNode, of name: String, from index: Int, isThen: Bool
  ) -> Dialogue.Action? {
    if case .scalar(let text, _) = node.content, !node.isNull {
      return goto(text, at: node.place, from: index, say: [], isThen: isThen)
    }
    let write = "the name of a state, or one of goto, stay, transfer and end"
    let group = YAMLGroup(node, name: name, write: write, reading: reading)
    guard case .mapping = node.content else { return nil }
    defer { group.finish() }
    let say = group.node("say").map { prompts($0, of: name) } ?? []
    let steps = ["goto", "stay", "transfer", "end"]
    let given = steps.filter { group.has($0) }
    for step in steps where !given.contains(step) { _ = group.node(step) }
    guard given.count == 1, let step = given.first else {
      for step in given { _ = group.node(step) }
      reading.report(
        node.place,
        given.isEmpty
          ? "\(name) goes nowhere" : "\(name) goes to more than one place: \(given.joined(separator: ", "))",
        "write one of: \(steps.joined(separator: ", "))")
      return nil
    }
    switch step {
    case "goto":
      guard let target = group.text("goto", maximum: Self.maximumNameLength, write: "the name of a state") else {
        return nil
      }
      return goto(target.text, at: target.place, from: index, say: say, isThen: isThen)
    case "stay":
      if isThen {
        reading.report(
          group.place(of: step), "\(name) cannot stay: the state does not listen", "write goto, transfer or end")
      }
      return isSet(step, group) ? Dialogue.Action(say: say, step: .stay) : nil
    case "end":
      return isSet(step, group) ? Dialogue.Action(say: say, step: .end) : nil
    default:
      return group.node("transfer").map { Dialogue.Action(say: say, step: transfer($0, of: name)) }
    }
  }

  private mutating func goto(
    _ target: String, at place: YAMLPlace, from index: Int, say: [Dialogue.Prompt], isThen: Bool
  ) -> Dialogue.Action? {
    guard let to = self.index(of: target, at: place) else { return nil }
    steps.append((index, to, say.audioBytes, isThen, place))
    return Dialogue.Action(say: say, step: .goto(to))
  }

  private func isSet(_ key: String, _ group: YAMLGroup) -> Bool {
    switch group.flag(key) {
    case true?: return true
    case false?:
      reading.report(group.place(of: key), "`\(key): false` says nothing", "write `\(key): true`, or remove it")
    case nil: break
    }
    return false
  }

  private mutating func transfer(_ node: YAMLNode, of name: String) -> Dialogue.Step {
    if case .scalar("true", isPlain: true) = node.content { return .transfer(summary: nil, metadata: [:]) }
    let group = YAMLGroup(
      node, name: "`transfer` of \(name)", write: "`true`, or a summary and metadata beneath it", reading: reading)
    let summary = group.text("summary", maximum: 1000, write: "a sentence for the agent who takes over")
    var metadata: [String: BotValue] = [:]
    if let data = group.node("metadata") {
      let members = YAMLGroup(data, name: "`metadata` of \(name)", write: "names and values", reading: reading)
        .members
      if members.count > 32 {
        reading.report(data.place, "`metadata` of \(name) has \(members.count) entries", "keep at most 32")
      }
      for member in members.prefix(32) {
        if member.key.utf8.count > Self.maximumNameLength {
          reading.report(member.keyPlace, "a name in `metadata` of \(name) is too long", "write at most 64 bytes")
        }
        if metadataNames[member.key] == nil { metadataNames[member.key] = member.keyPlace }
        metadata[member.key] = value(member.value, depth: 1)
      }
    }
    let count = metadata.values.reduce(0) { $0 + $1.count }
    if count > 256 {
      reading.report(
        group.place(of: "metadata"), "`metadata` of \(name) holds \(count) values", "keep at most 256, lists included")
    }
    group.finish()
    return .transfer(summary: summary?.text, metadata: metadata)
  }

  /// A value as YAML's core schema reads it: plain true, false, null and numbers are that, everything else is text.
  private func value(_ node: YAMLNode, depth: Int) -> BotValue {
    guard depth <= 4 else {
      reading.report(node.place, "`metadata` has over 4 levels within one another", "nest less")
      return .null
    }
    switch node.content {
    case .sequence(let items): return .list(items.map { value($0, depth: depth + 1) })
    case .mapping(let members):
      return .object(
        Dictionary(members.map { ($0.key, value($0.value, depth: depth + 1)) }) { first, _ in first })
    case .scalar(let text, let isPlain):
      if text.utf8.count > 1000 {
        reading.report(node.place, "a value in `metadata` has over 1000 bytes", "write less")
        return .null
      }
      guard isPlain else { return .string(text) }
      if node.isNull { return .null }
      if text == "true" || text == "false" { return .bool(text == "true") }
      // Whole numbers from 2^53 may have lost digits, and numbers with leading zeros are names of something.
      if let number = Double(text), number.isFinite, abs(number) < 9_007_199_254_740_992, text.isNumber {
        return .number(number)
      }
      return .string(text)
    }
  }

  // MARK: Prompts

  /// What is said: one prompt or a list of them.
  func prompts(_ node: YAMLNode, of name: String) -> [Dialogue.Prompt] {
    var nodes = [node]
    if case .sequence(let items) = node.content { nodes = items }
    if nodes.count > 16 {
      reading.report(node.place, "`say` of \(name) is a list of \(nodes.count)", "keep at most 16")
      nodes = Array(nodes.prefix(16))
    }
    return nodes.compactMap { prompt($0, of: name) }
  }

  private func prompt(_ node: YAMLNode, of name: String) -> Dialogue.Prompt? {
    let write = "`{play: FILE.wav}` or `{text: what to say}`"
    let group = YAMLGroup(node, name: "`say` of \(name)", write: write, reading: reading)
    guard case .mapping = node.content else { return nil }
    let file = group.text("play", maximum: 4096, write: "the path of a WAV file")
    let text = group.text("text", maximum: 2000, write: "what to say")
    let transcript = group.text("transcript", maximum: 2000, write: "the words of the sound")
    group.finish()
    if group.has("play") == group.has("text") {
      reading.report(
        node.place, "\(group.name) has \(file == nil ? "neither `play` nor `text`" : "both `play` and `text`")",
        "write \(write)")
      return nil
    }
    if let text {
      if transcript != nil {
        reading.report(group.place(of: "transcript"), "`transcript` is the words of a sound", "remove it beside `text`")
      }
      return .text(text.text)
    }
    guard let file, let audio = reading.sound(file.text, at: file.place) else { return nil }
    return .audio(audio, transcript: transcript?.text)
  }
}

extension String {
  /// Whether it is written as JSON writes numbers (RFC 8259, section 6).
  fileprivate var isNumber: Bool {
    let digits = utf8.first == 45 ? utf8.dropFirst() : utf8[...]
    guard let first = digits.first, (48...57).contains(first) else { return false }
    if first == 48, let second = digits.dropFirst().first, (48...57).contains(second) { return false }
    return utf8.allSatisfy { (48...57).contains($0) || [43, 45, 46, 69, 101].contains($0) }
  }
}

extension BotValue {
  /// How many values it is, those within it included.
  fileprivate var count: Int {
    switch self {
    case .list(let items): items.reduce(1) { $0 + $1.count }
    case .object(let members): members.values.reduce(1) { $0 + $1.count }
    default: 1
    }
  }
}
