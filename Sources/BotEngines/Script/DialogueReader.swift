import BotEngine
import YAMLReading

/// Reads a script's text into a dialogue. Everything that is wrong is collected in the reading.
struct DialogueReader {
  static let maximumStates = 1000
  static let maximumNameLength = 64

  let reading: ScriptReading
  /// The states' names and where they are.
  private(set) var names: [(name: String, place: YAMLPlace)] = []
  private var indices: [String: Int] = [:]
  /// Where the steps to other states are written, for what is found only when all is read.
  var steps: [(from: Int, to: Int, say: Int, isThen: Bool, place: YAMLPlace)] = []
  /// Whether a step was wrong, so that where it would have led is not known.
  var hasLostSteps = false
  /// The names of keyed entries that go with transfers.
  var digitsNames: [String: YAMLPlace] = [:]
  /// The names that transfers give to data of their own.
  var metadataNames: [String: YAMLPlace] = [:]

  init(reading: ScriptReading) { self.reading = reading }

  /// The dialogue, or `nil` where nothing can be made of the script; problems may have been reported in either case.
  mutating func read(_ script: YAMLGroup) -> Dialogue? {
    let defaults =
      script.node("listen").map { listening($0, of: "the script", defaults: Listening(), isState: false) }
      ?? Listening()
    let start = script.text("start", maximum: Self.maximumNameLength, write: "the name of a state")
    let node = script.node("states")
    script.finish()
    guard case .mapping(let members)? = node?.content, !members.isEmpty else {
      reading.report(
        node?.place ?? script.place, node == nil ? "the script has no `states`" : "`states` holds no states",
        "write `states:` and beneath it a name and what is said there, as in `welcome: {say: {text: Hello}}`")
      return nil
    }
    guard members.count <= Self.maximumStates else {
      reading.report(script.place, "the script has \(members.count) states", "keep at most \(Self.maximumStates)")
      return nil
    }
    for member in members {
      if !Self.isName(member.key) {
        reading.report(
          member.keyPlace, "`\(member.key.quotedForMessage)` cannot be the name of a state",
          "write 1 to \(Self.maximumNameLength) of letters, digits, - and _")
      }
      indices[member.key] = names.count
      names.append((member.key, member.keyPlace))
    }
    let states = members.indices.map { state(members[$0], index: $0, defaults: defaults) }
    let first = start.map { self.index(of: $0.text, at: $0.place) ?? 0 } ?? 0
    let dialogue = Dialogue(states: states, start: first)
    check(dialogue)
    return dialogue
  }

  static func isName(_ text: String) -> Bool {
    (1...maximumNameLength).contains(text.utf8.count) && text.isWord(with: "-_")
  }

  /// The place of the state of a name; one that is not there is reported.
  func index(of name: String, at place: YAMLPlace) -> Int? {
    if let index = indices[name] { return index }
    let nearest = reading.suggestion(for: name, among: names.lazy.map(\.name))
    let known = names.prefix(8).map(\.name).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
    reading.report(
      place, "there is no state `\(name.quotedForMessage)`",
      nearest.map { "write \($0)" } ?? "write the name of a state: \(known)")
    return nil
  }

  // MARK: States

  private mutating func state(_ member: YAMLNode.Member, index: Int, defaults: Listening) -> Dialogue.State {
    let name = "the state \(member.key.quotedForMessage)"
    let group = YAMLGroup(
      member.value, name: name, write: "keys beneath it: say, listen, digits, speech, no_input, events, then",
      reading: reading)
    var state = Dialogue.State(name: member.key)
    guard case .mapping = member.value.content else {
      hasLostSteps = true
      return state
    }
    state.say = group.node("say").map { prompts($0, of: name) } ?? []
    readAnswers(group, from: index, into: &state)
    var listening = group.node("listen").map { self.listening($0, of: name, defaults: defaults) } ?? defaults
    listening.settle(in: group)
    state.bargeIn = listening.bargeIn
    state.listening = listening.settings
    state.isSensitive = group.flag("sensitive") ?? false
    readDigitsName(group, into: &state)
    checkPatterns(state, group)
    if let then = group.node("then") {
      state.then = action(then, of: "`then` of \(name)", from: index, isThen: true)
      let others = ["listen", "digits", "speech", "no_input", "events", "attempts", "digits_as", "sensitive"]
      for key in others where group.has(key) {
        reading.report(
          group.place(of: key), "\(name) goes on by `then`, so it never comes to `\(key)`",
          "remove `\(key)`, or write `speech` or `digits` instead of `then`")
      }
    } else if state.digits.isEmpty, state.otherDigits == nil, state.speech == nil, state.events.isEmpty,
      state.otherEvents == nil, !group.has("digits"), !group.has("speech"), !group.has("events")
    {
      reading.report(
        member.keyPlace, "\(name) leads nowhere", "write `digits`, `speech`, `events` or `then` with where to go")
    }
    group.finish()
    return state
  }

  private mutating func readAnswers(_ group: YAMLGroup, from index: Int, into state: inout Dialogue.State) {
    if let node = group.node("digits") { readDigits(node, group, from: index, into: &state) }
    state.speech = group.node("speech").flatMap { action($0, of: "`speech` of \(group.name)", from: index) }
    if let node = group.node("no_input") {
      var nodes = [node]
      if case .sequence(let items) = node.content { nodes = items }
      if nodes.isEmpty || nodes.count > 10 {
        reading.report(node.place, "`no_input` of \(group.name) is a list of \(nodes.count)", "write 1 to 10")
        nodes = Array(nodes.prefix(10))
      }
      state.silences = nodes.compactMap { action($0, of: "`no_input` of \(group.name)", from: index) }
    }
    if let node = group.node("events") {
      let events = YAMLGroup(
        node, name: "`events` of \(group.name)", write: "the events' names and where they lead", reading: reading)
      if events.members.count > 64 {
        reading.report(node.place, "\(events.name) names \(events.members.count)", "keep at most 64")
      }
      for member in events.members.prefix(64) {
        let action = action(member.value, of: "the event \(member.key.quotedForMessage)", from: index)
        if member.key == "default" { state.otherEvents = action } else { state.events[member.key] = action }
      }
    }
    if let node = group.node("attempts") {
      let name = "`attempts` of \(group.name)"
      let attempts = YAMLGroup(
        node, name: name, write: "`attempts: {maximum: 3, then: {transfer: {}}}`", reading: reading)
      state.maximumAttempts = attempts.integer("maximum", in: 1...100) ?? Dialogue.defaultAttempts
      if let then = attempts.node("then") {
        state.afterAttempts = action(then, of: "`then` of \(name)", from: index) ?? state.afterAttempts
      } else {
        reading.report(node.place, "\(name) has no `then`", "write where to go, as in `then: {transfer: {}}`")
      }
      attempts.finish()
      if state.silences.count >= state.maximumAttempts {
        reading.report(
          group.place(of: "no_input"),
          "`no_input` of \(group.name) lists \(state.silences.count), "
            + "and `attempts` ends after \(state.maximumAttempts)",
          "keep at most \(state.maximumAttempts - 1), or raise `maximum`")
      }
    }
  }

  private mutating func readDigits(
    _ node: YAMLNode, _ group: YAMLGroup, from index: Int, into state: inout Dialogue.State
  ) {
    let digits = YAMLGroup(
      node, name: "`digits` of \(group.name)", write: "the keys and where they lead, as in `\"1\": sales`",
      reading: reading)
    if digits.members.count > 64 {
      reading.report(node.place, "\(digits.name) has \(digits.members.count) entries", "keep at most 64, use patterns")
    }
    for member in digits.members.prefix(64) {
      let action = action(member.value, of: "`\(member.key.quotedForMessage)` of \(digits.name)", from: index)
      if member.key == "default" {
        state.otherDigits = action
        continue
      }
      do throws(DigitPattern.FormatError) {
        let pattern = try DigitPattern(member.key)
        if let action { state.digits.append((pattern, action)) }
      } catch {
        reading.report(
          member.keyPlace, "the keys `\(member.key.quotedForMessage)` of \(group.name): this \(error)",
          "write keys (0-9, *, #, A-D), ? for any key, [2-4] for one of some, or default, in quotes")
      }
    }
    // What stands for one entry only goes before patterns; otherwise the order is the script's.
    state.digits = state.digits.filter(\.pattern.isExact) + state.digits.filter { !$0.pattern.isExact }
  }

  private mutating func readDigitsName(_ group: YAMLGroup, into state: inout Dialogue.State) {
    let write = "a name of letters, digits, - and _"
    guard let (name, place) = group.text("digits_as", maximum: Self.maximumNameLength, write: write) else { return }
    if !Self.isName(name) {
      reading.report(place, "`\(name.quotedForMessage)` cannot be the name of an entry", "write \(write)")
    } else if state.isSensitive {
      reading.report(
        place, "\(group.name) is sensitive, so what is keyed there goes nowhere", "remove `digits_as` or `sensitive`")
    } else if state.digits.isEmpty {
      reading.report(place, "\(group.name) takes no digits to keep", "write `digits`, or remove `digits_as`")
    } else {
      state.digitsName = name
      digitsNames[name] = place
    }
  }

  private func checkPatterns(_ state: Dialogue.State, _ group: YAMLGroup) {
    guard let length = state.listening.digitCount else { return }
    for (pattern, _) in state.digits where pattern.length > length {
      reading.report(
        group.place(of: "digits"),
        "\(group.name) waits for \(pattern.length) keys and listens for no more than \(length)",
        "raise `length` of `listen`, or shorten the pattern")
      return
    }
  }
}
