import YAMLReading

extension Configuration.Agent {
  /// Reads `agents`: at least one, ids unique, at most one default.
  static func list(_ whole: Section, tenants: [Configuration.Tenant], egress: Configuration.Egress) -> [Self] {
    let entries = whole.sections("agents", maximum: 1_000) ?? []
    if entries.isEmpty {
      whole.reading.report(
        whole.place(of: "agents"), "there is no agent to answer calls",
        "write `agents: [{id: demo, engine: {kind: demo}}]`")
    }
    var agents: [Self] = []
    var places: [String: ConfigurationProblem.Place] = [:]
    var standard: ConfigurationProblem.Place?
    for entry in entries {
      let agent = Self(entry, tenants: tenants, egress: egress)
      if let first = places[agent.id] {
        whole.reading.report(
          entry.place(of: "id"), "the agent `\(agent.id)` is listed already at \(first)", "give each agent its own id")
      }
      if !agent.id.isEmpty { places[agent.id] = entry.place(of: "id") }
      if agent.isDefault {
        if let standard {
          whole.reading.report(
            entry.place(of: "default"), "a default agent is named already at \(standard)", "keep one of the two")
        }
        standard = standard ?? entry.place(of: "default")
      }
      agents.append(agent)
    }
    if standard == nil, !agents.isEmpty { agents[0].isDefault = true }
    return agents
  }

  private init(_ section: Section, tenants: [Configuration.Tenant], egress: Configuration.Egress) {
    let write = "a word of letters, digits, dots, dashes"
    id = section.requiredText("id", maximum: 64, write: write) ?? ""
    if !id.isEmpty, !Self.isID(id) {
      section.reading.report(
        section.place(of: "id"), "`\(id.quotedForMessage)` cannot be an agent's id", "write \(write)")
    } else if !id.isEmpty, id.utf8.allSatisfy({ (48...57).contains($0) }) {
      section.reading.report(
        section.place(of: "id"), "the id `\(id)` would be taken for the agent's place in the list",
        "write an id with a letter in it")
    }
    name = section.text("name", maximum: 128, write: "a name for people") ?? id
    isDefault = section.flag("default") ?? false
    self.tenants = Self.tenants(section, among: tenants)
    responses = section.choice("responses", default: .wav)
    engine = .demo
    section.require("engine", write: "{kind: demo}")
    if let part = section.section("engine", write: "`engine: {kind: demo}`") { engine = Engine(part, egress: egress) }
    fallback = Fallback(section.always("fallback"))
    speech = Speech(section.always("speech"))
    audio = Audio(section.always("audio"))
    isRecorded = section.flag("recorded")
    section.finish()
  }

  static func isID(_ text: String) -> Bool {
    text.utf8.allSatisfy {
      (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || [45, 46, 95].contains($0)
    }
  }

  /// Organizations, given as such or by a tenant's name.
  static func tenants(_ section: Section, among known: [Configuration.Tenant]) -> [String] {
    section.texts("tenants", maximum: 10_000, write: "an organization's UUID or a tenant's name").compactMap {
      text, place in
      if let tenant = known.first(where: { $0.organization == text.lowercased() || $0.name == text }) {
        return tenant.organization
      }
      let nearest = section.reading.suggestion(for: text, among: known.flatMap { [$0.organization, $0.name] })
      section.reading.report(
        place, "`\(text.quotedForMessage)` is none of the tenants in `identity.tenants`",
        nearest.map { "did you mean \($0)?" } ?? "write a tenant's `org` or `name`")
      return nil
    }
  }
}

extension Configuration.Agent.Speech {
  init(_ section: Section) {
    let standard = Self.standard
    minimumSpeech = section.duration(
      "minimum_speech", in: .milliseconds(10)...(.seconds(2)), default: standard.minimumSpeech)
    minimumBargeIn = section.duration(
      "minimum_barge_in", in: .milliseconds(10)...(.seconds(5)), default: standard.minimumBargeIn)
    endSilence = section.duration(
      "end_silence", in: .milliseconds(100)...(.seconds(10)), default: standard.endSilence)
    preroll = section.duration("preroll", in: .zero...(.seconds(2)), default: standard.preroll)
    maximumUtterance = section.duration(
      "maximum_utterance", in: .seconds(1)...(.seconds(600)), default: standard.maximumUtterance)
    section.finish()
  }
}

extension Configuration.Agent.Audio {
  init(_ section: Section) {
    defaultEncoding = section.choice("default_encoding", default: Self.standard.defaultEncoding)
    defaultRate = Self.standard.defaultRate
    let rates = ["8000", "16000", "24000", "48000"]
    let write = "one of: \(rates.joined(separator: ", "))"
    if let value = section.value("default_rate", write: write) {
      if let rate = Int(value.text), rates.contains(value.text) {
        defaultRate = rate
      } else {
        section.reading.report(
          value.place, "`\(section.name("default_rate"))` cannot be `\(value.text.quotedForMessage)`", "write \(write)")
      }
    }
    section.finish()
  }
}
