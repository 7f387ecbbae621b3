import WebexProtocol
public import YAMLReading

extension RecordedCall {
  /// The largest file.
  public static let maximumBytes = 1 << 20
  /// The most turns.
  public static let maximumTurns = 1000
  /// The longest time within a call.
  public static let longest: Duration = .seconds(3600)
  /// The most keys of an entry.
  static let maximumKeys = 128

  /// Reads `call.yaml` of a folder. Everything that is wrong is told with its line.
  public init(folder: String) throws(ConfigurationError) {
    let file = folder + "/" + Self.fileName
    let bytes = try ConfigurationError.read(
      file, maximum: Self.maximumBytes, name: "the call",
      write: "write `call: 1` and `turns:`, as the documentation shows")
    try self.init(text: bytes, file: file)
  }

  /// Reads a text as if it were in a file of this path.
  public init(text: [UInt8], file: String) throws(ConfigurationError) {
    let report = YAMLReport()
    self.init(name: Self.folderName(of: file))
    try report.read(text, of: file, name: "the call", write: "`call: 1` and `turns:` beneath it") { read($0, report) }
  }

  /// The folder's name, without a `.call` at its end.
  public static func folderName(of file: String) -> String {
    let parts = file.split(separator: "/").map(String.init)
    let name = parts.dropLast().last { $0 != "." } ?? "call"
    return name.hasSuffix(".call") && name.count > 5 ? String(name.dropLast(5)) : name
  }

  private mutating func read(_ group: YAMLGroup, _ report: YAMLReport) {
    if group.integer("call", in: Self.version...Self.version) == nil, !group.has("call") {
      report.report(group.place, "`call` is missing: the version of the format", "write `call: \(Self.version)`")
    }
    if let text = group.text("name", maximum: 200, write: "a few words") { name = text.text }
    callerAudio = Self.fileName(group, "caller", report)
    agentAudio = Self.fileName(group, "agent", report)
    timeline = Self.fileName(group, "timeline", report)
    readSteps(group, report)
    group.finish()
  }

  /// Reads what is in every group of keys that says what a caller does: `frame`, `no_input`, `greeting` and `turns`.
  package mutating func readSteps(_ group: YAMLGroup, _ report: YAMLReport) {
    let frames = SpokenClip.frameLengths
    if let frame = group.milliseconds(
      "frame", in: frames.lowerBound.wholeMilliseconds...frames.upperBound.wholeMilliseconds)
    {
      frameLength = .milliseconds(frame)
    }
    noInput = Self.time(group, "no_input", from: 100)
    if let node = group.node("greeting") {
      let own = YAMLGroup(node, name: "the greeting", write: "`expect` beneath it", reading: report)
      greeting = Self.answer(own, report)
      own.finish()
    }
    readTurns(group, report)
  }

  private mutating func readTurns(_ group: YAMLGroup, _ report: YAMLReport) {
    guard let node = group.node("turns") else { return }
    guard case .sequence(let items) = node.content, items.count <= Self.maximumTurns else {
      return report.report(
        node.place, "`turns` has to be a list of at most \(Self.maximumTurns) turns",
        "write one line for each, as in `- say: hello.wav`")
    }
    for (index, item) in items.enumerated() {
      let own = YAMLGroup(
        item, name: "turn \(index + 1)", write: "`say`, `keys` or another thing that a caller does", reading: report)
      if let turn = turn(own, report) { turns.append(turn) }
      own.finish()
    }
  }

  private func turn(_ group: YAMLGroup, _ report: YAMLReport) -> RecordedTurn? {
    let kinds = Self.acts.filter(group.has)
    guard kinds.count == 1, let kind = kinds.first else {
      // All keys are known, or else each of them would be reported too.
      for key in Self.acts + ["after", "over_prompt", "half_close", "expect", "recorded"] { _ = group.node(key) }
      report.report(
        group.place,
        "\(group.name) has \(kinds.isEmpty ? "nothing that a caller does" : kinds.joined(separator: " and "))",
        "write one of: \(Self.acts.joined(separator: ", "))")
      return nil
    }
    let act = self.act(kind, group, report)
    let time = StepTime(begin: Self.begin(group, report), halfClose: Self.time(group, "half_close"))
    let answer = Self.answer(group, report)
    if answer.expected != nil, case .wait? = act {
      report.report(group.place(of: "expect"), "nothing answers a `wait`", "expect something of the turn after it")
    }
    return act.map { RecordedTurn($0, time: time, answer: answer) }
  }

  private static let acts = ["say", "keys", "quiet", "event", "wait", "hang_up", "vanish"]

  private func act(_ kind: String, _ group: YAMLGroup, _ report: YAMLReport) -> RecordedTurn.Act? {
    switch kind {
    case "say": return words(group, report).map(RecordedTurn.Act.say)
    case "keys": return Self.keys(group, report).map(RecordedTurn.Act.press)
    case "event": return group.text("event", maximum: 200, write: "the event's name").map { .custom(name: $0.text) }
    case "wait": return Self.time(group, "wait").map(RecordedTurn.Act.wait)
    default:
      guard group.flag(kind) != false else {
        report.report(group.place(of: kind), "`\(kind)` of \(group.name) is false", "leave the turn out")
        return nil
      }
      return kind == "quiet" ? .stayQuiet : kind == "hang_up" ? .hangUp : .vanish
    }
  }

  private func words(_ group: YAMLGroup, _ report: YAMLReport) -> RecordedTurn.Words? {
    guard let node = group.node("say") else { return nil }
    guard case .mapping = node.content else { return Self.fileName(group, "say", report).map(RecordedTurn.Words.file) }
    let own = YAMLGroup(node, name: "`say` of \(group.name)", write: "`from` and `to`", reading: report)
    defer { own.finish() }
    if own.has("masked") { return Self.time(own, "masked", from: 20).map(RecordedTurn.Words.masked) }
    guard let from = Self.time(own, "from"), let to = Self.time(own, "to"), from < to else {
      report.report(node.place, "\(own.name) is no stretch", "write `from` and `to`, as in {from: 1200ms, to: 2500ms}")
      return nil
    }
    guard callerAudio != nil else {
      report.report(
        node.place, "\(own.name) is a stretch of no file",
        "name the caller's side, as in `caller: caller.wav`")
      return nil
    }
    return .stretch(from..<to)
  }

  private static func keys(_ group: YAMLGroup, _ report: YAMLReport) -> [DTMFKey?]? {
    guard let text = group.text("keys", maximum: maximumKeys, write: "the keys in quotes, as in \"12#\"") else {
      return nil
    }
    guard text.text.allSatisfy({ $0 == "?" || DTMFKey($0) != nil }) else {
      report.report(
        text.place, "`keys` of \(group.name) has what is no key",
        "write 0-9, A-D, * and #, and ? for one that is masked")
      return nil
    }
    return text.text.map { DTMFKey($0) }
  }

  private static func begin(_ group: YAMLGroup, _ report: YAMLReport) -> StepTime.Begin? {
    let after = time(group, "after")
    let over = time(group, "over_prompt")
    if after != nil, over != nil {
      report.report(
        group.place(of: "over_prompt"), "\(group.name) begins both after the prompt and over it",
        "write `after` (its end) or `over_prompt` (its begin)")
    }
    return over.map(StepTime.Begin.overPrompt) ?? after.map(StepTime.Begin.afterPrompt)
  }

  // MARK: Parts

  static func time(_ group: YAMLGroup, _ key: String, from least: Int = 0) -> Duration? {
    group.milliseconds(key, in: least...longest.wholeMilliseconds).map { .milliseconds($0) }
  }

  /// A file within the call's folder.
  private static func fileName(_ group: YAMLGroup, _ key: String, _ report: YAMLReport) -> String? {
    guard let (text, place) = group.text(key, maximum: 255, write: "a file's name, as in caller.wav") else {
      return nil
    }
    guard !text.contains("/"), !text.hasPrefix("."), !text.unicodeScalars.contains(where: { $0.value < 32 }) else {
      report.report(
        place, "`\(key)` of \(group.name) has to be a file in the call's own folder", "write its name without a path")
      return nil
    }
    return text
  }
}
