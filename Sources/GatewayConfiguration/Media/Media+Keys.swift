import BotEngines
import WebexProtocol
import YAMLReading
import Yams

extension Configuration.Media: KeyGroup {
  static var keys: [Key<Self>] {
    Key(
      "receivers", \.receivers, Configuration.Receiver.list(64),
      "The receivers of forked conversations and meetings; without one, neither is served.", isLive: true)
    Key(part: "forking", "The media of forked conversations.", isLive: true) {
      Key("sample_rate", \.forkRate, .oneOf(8_000, 16_000, 24_000, 48_000), "Samples a second of the forwarded audio.")
    }
    Key(part: "meetings", "The media of meetings.", isLive: true) {
      Key("sample_rate", \.meetingRate, .oneOf(8_000, 16_000, 24_000, 48_000), "Samples a second of decoded audio.")
      Key(part: "audio", "The requested audio.") {
        Key("codec", \.meetings.audioCodec, .choice, "The audio's encoding.")
        Key("streams", \.meetings.audioStreams, .integer(0...3), "Audio streams.")
      }
      Key(part: "video", "The requested video.") {
        Key("streams", \.meetings.videoStreams, .integer(0...3), "The number of participants with video; 0 is none.")
        Key("resolution", \.meetings.resolution, .choice, "The largest picture.")
        Key("frames_per_second", \.meetings.framesPerSecond, .integer(1...60), "The most pictures a second.")
      }
    }
  }

  func check(_ whole: Section) {
    whole.reportRepeated("receivers", by: "id", receivers.map(\.id)) { id, first in
      ("the receiver `\(id)` is listed already at \(first)", "give each receiver its own id")
    }
    // A receiver that no tenant's tokens can reach is probably not meant.
    let tenants = whole.reading.tenants
    guard !tenants.isEmpty else { return }
    for source in Configuration.Receiver.Source.allCases where receivers.contains(where: { $0.takes.contains(source) })
    {
      guard !tenants.contains(where: { $0.schemas.contains(source.schema) }) else { continue }
      whole.warn(
        "receivers", "no tenant's tokens may be for \(source.rawValue)",
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

extension Configuration.Receiver: KeyGroup {
  static var keys: [Key<Self>] {
    Key("id", \.id, .text(64), "A word of letters, digits, dots, dashes.", required: .yes)
    Key(
      "kind", \.kind, .choice,
      "`count` counts the media, `grpc` forwards it to a server of `Protos/bot.proto`, `record` records it.",
      required: .example("count"))
    BotEndpoint.keys(\.endpoint, over: .grpc) {}.map { $0.of(\.self, when: { $0.kind == .grpc }) }
    Key(
      "takes", \.takes,
      .choices(
        "nothing that a receiver takes is called", print: { Node($0.map { .text($0.rawValue) }, .implicit, .flow) }),
      "The kinds of media: copies of conversations, meetings.")
    Key("tenants", \.tenants, .tenants, "The organizations whose media it gets; without it, all.")
  }

  mutating func check(_ section: Section) {
    if !id.isEmpty, !Configuration.Agent.isID(id) {
      section.report("id", "`\(id.quotedForMessage)` cannot be a receiver's id", "write \(Configuration.Agent.idForm)")
    }
    if kind == .grpc { endpoint.check(section, over: .grpc) }
  }
}
