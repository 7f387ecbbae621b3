import YAMLReading

extension Configuration.Media {
  init(_ whole: Section, tenants: [Configuration.Tenant], egress: Configuration.Egress) {
    receivers = Configuration.Receiver.list(whole, tenants: tenants, egress: egress)
    let forking = whole.always("forking")
    forkRate = forking.sampleRate(default: 8000)
    forking.finish()
    meetings = Configuration.Meetings(whole.always("meetings"))
    warnOfMissingSchemas(whole, tenants)
  }

  /// A receiver that no tenant's tokens can reach is probably not meant.
  private func warnOfMissingSchemas(_ whole: Section, _ tenants: [Configuration.Tenant]) {
    guard !tenants.isEmpty else { return }
    for source in Configuration.Receiver.Source.allCases where receivers.contains(where: { $0.takes.contains(source) })
    {
      guard !tenants.contains(where: { $0.schemas.contains(source.schema) }) else { continue }
      whole.reading.warn(
        whole.place(of: "receivers"), "no tenant's tokens may be for \(source.rawValue)",
        "write `schemas: [\(source.schema)]` in a tenant of `identity.tenants`, or `takes` without \(source.rawValue)")
    }
  }
}

extension Configuration.Receiver.Source {
  /// The schema that tokens are registered for.
  var schema: String {
    switch self {
    case .forks: "523e1b7f-4693-47bc-b84e-a7b7a505fb0b"
    case .meetings: "1b2b7077-dbcd-4732-b2f9-296f9168168a"
    }
  }
}

extension Configuration.Receiver {
  /// Reads `receivers`: ids unique.
  static func list(_ whole: Section, tenants: [Configuration.Tenant], egress: Configuration.Egress) -> [Self] {
    var receivers: [Self] = []
    var places: [String: ConfigurationProblem.Place] = [:]
    for entry in whole.sections("receivers", maximum: 64) ?? [] {
      let receiver = Self(entry, tenants: tenants, egress: egress)
      if let first = places[receiver.id] {
        whole.reading.report(
          entry.place(of: "id"), "the receiver `\(receiver.id)` is listed already at \(first)",
          "give each receiver its own id")
      }
      if !receiver.id.isEmpty { places[receiver.id] = entry.place(of: "id") }
      receivers.append(receiver)
    }
    return receivers
  }

  private init(_ section: Section, tenants: [Configuration.Tenant], egress: Configuration.Egress) {
    let write = "a word of letters, digits, dots, dashes"
    id = section.requiredText("id", maximum: 64, write: write) ?? ""
    if !id.isEmpty, !Configuration.Agent.isID(id) {
      section.reading.report(
        section.place(of: "id"), "`\(id.quotedForMessage)` cannot be a receiver's id", "write \(write)")
    }
    kind = Kind(section, egress: egress)
    takes = Self.sources(section)
    self.tenants = Configuration.Agent.tenants(section, among: tenants)
    section.finish()
  }

  private static func sources(_ section: Section) -> [Source] {
    let names = Source.allCases.map(\.rawValue)
    let sources = section.texts("takes", maximum: 16, write: names.joined(separator: ", ")).compactMap {
      text, place -> Source? in
      if let source = Source(rawValue: text) { return source }
      let nearest = section.reading.suggestion(for: text, among: names)
      section.reading.report(
        place, "nothing that a receiver takes is called `\(text.quotedForMessage)`",
        nearest.map { "did you mean \($0)?" } ?? "write one of: \(names.joined(separator: ", "))")
      return nil
    }
    return section.has("takes") ? sources : Source.allCases
  }
}

extension Configuration.Receiver.Kind {
  fileprivate init(_ section: Section, egress: Configuration.Egress) {
    let names = Self.names
    let kind = section.requiredText("kind", maximum: 32, write: "one of: \(names.joined(separator: ", "))")
    switch kind {
    case "grpc": self = .grpc(Configuration.Agent.Endpoint(section, over: .grpc, egress: egress))
    case "count", nil: self = .count
    case "record": self = .record
    case let kind?:
      self = .count
      let nearest = section.reading.suggestion(for: kind, among: names)
      section.reading.report(
        section.place(of: "kind"), "there is no receiver of the kind `\(kind.quotedForMessage)`",
        nearest.map { "did you mean \($0)?" } ?? "write one of: \(names.joined(separator: ", "))")
    }
  }
}

extension Configuration.Meetings {
  fileprivate init(_ section: Section) {
    sampleRate = section.sampleRate(default: 16_000)
    let audio = section.always("audio")
    codec = audio.choice("codec", default: .opus)
    audioStreams = audio.integer("streams", in: 0...3, default: 3)
    audio.finish()
    let video = section.always("video")
    videoStreams = video.integer("streams", in: 0...3, default: 0)
    resolution = video.choice("resolution", default: .sd)
    framesPerSecond = video.integer("frames_per_second", in: 1...60, default: 15)
    video.finish()
    section.finish()
  }
}

extension Section {
  /// `sample_rate`: one of the four that audio may have.
  fileprivate func sampleRate(default fallback: Int) -> Int {
    let rates = [8_000, 16_000, 24_000, 48_000]
    let write = "one of: \(rates.map(String.init).joined(separator: ", "))"
    guard let value = value("sample_rate", write: write) else { return fallback }
    guard value.isPlain, let rate = Int(value.text), rates.contains(rate) else {
      reading.report(
        value.place, "`\(name("sample_rate"))` cannot be `\(value.text.quotedForMessage)`", "write \(write)")
      return fallback
    }
    return rate
  }
}
