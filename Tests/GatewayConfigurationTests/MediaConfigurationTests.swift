import Testing
import WebexProtocol

@testable import GatewayConfiguration

@Suite("The configuration of media")
struct MediaConfigurationTests {
  private static let head = """
    identity:
      tenants:
        - org: ce861fba-6e2f-49f9-9a84-b354008fac9e
          name: Example
          url: https://voice.example.com:443
          schemas: [523e1b7f-4693-47bc-b84e-a7b7a505fb0b]
    agents: [{id: a, engine: {kind: demo}}]

    """

  private static let full =
    head + """
      receivers:
        - {id: counter, kind: count}
        - id: far
          kind: grpc
          url: https://media.example.com
          takes: [meetings]
          tenants: [Example]
      forking: {sample_rate: 16000}
      meetings:
        sample_rate: 48000
        audio: {codec: alaw, streams: 2}
        video: {streams: 3, resolution: fhd, frames_per_second: 30}
      """

  @Test("is read, and printed so that it can be read back")
  func full() throws {
    let loaded = try Configuration.parse(Self.full, file: "p.yaml")
    let media = loaded.configuration.media
    #expect(media.receivers.map(\.id) == ["counter", "far"])
    #expect(media.receivers[0].kind == .count)
    #expect(media.receivers[0].takes == [.forks, .meetings])
    #expect(media.receivers[0].tenants == [])
    #expect(media.receivers[1].kind == .grpc)
    let endpoint = media.receivers[1].endpoint
    #expect(endpoint.host == "media.example.com")
    #expect(endpoint.port == 443)
    #expect(media.receivers[1].takes == [.meetings])
    #expect(media.receivers[1].tenants == ["ce861fba-6e2f-49f9-9a84-b354008fac9e"])
    #expect(media.forkRate == 16_000)
    #expect(media.meetingRate == 48_000)
    #expect(
      media.meetings
        == .init(audioCodec: .alaw, audioStreams: 2, videoStreams: 3, resolution: .fhd, framesPerSecond: 30))
    let printed = loaded.configuration.yaml(relativeTo: "/")
    #expect(try Configuration.parse(printed, file: "q.yaml").configuration.media == media)
  }

  @Test("takes nothing unless told, and asks for three streams of Opus at 16 kHz")
  func defaults() {
    let media = Configuration.demo.media
    #expect(media.receivers == [])
    #expect(media.forkRate == 8_000)
    #expect(media.meetingRate == 16_000)
    #expect(
      media.meetings == .init(audioCodec: .opus, audioStreams: 3, videoStreams: 0, resolution: .sd, framesPerSecond: 15)
    )
  }

  @Test("warns of media that no tenant's tokens can bring")
  func warnings() throws {
    let loaded = try Configuration.parse(Self.head + "receivers: [{id: a, kind: count}]\n", file: "p.yaml")
    #expect(loaded.warnings.count == 1)
    #expect(loaded.warnings.first?.description.contains("no tenant's tokens may be for meetings") == true)
  }

  @Test(
    "R16: reports mistakes with what to write instead",
    arguments: [
      ("receivers: [{id: a}]", "`receivers[0].kind` is missing"),
      ("receivers: [{kind: count}]", "`receivers[0].id` is missing"),
      ("receivers: [{id: a b, kind: count}]", "cannot be a receiver's id"),
      ("receivers: [{id: a, kind: cuont}]", "did you mean count?"),
      ("receivers: [{id: a, kind: grpc}]", "`receivers[0].url` is missing"),
      ("receivers: [{id: a, kind: grpc, url: 'wss://a.example.com'}]", "begins with https:// or http://"),
      ("receivers: [{id: a, kind: count, takes: [fork]}]", "did you mean forks?"),
      ("receivers: [{id: a, kind: count, tenants: [Nobody]}]", "is none of the tenants"),
      ("receivers: [{id: a, kind: count}, {id: a, kind: count}]", "is listed already at"),
      ("receivers: [{id: a, kind: count, extra: 1}]", "unknown key `extra`"),
      ("forking: {sample_rate: \"8000\"}", "`forking.sample_rate` cannot be `8000`"),
      ("forking: {sample_rate: 44100}", "write one of: 8000, 16000, 24000, 48000"),
      ("meetings: {audio: {streams: 4}}", "write a whole number from 0 to 3"),
      ("meetings: {audio: {codec: mp3}}", "write one of: opus, mulaw, alaw"),
      ("meetings: {video: {resolution: uhd}}", "write one of: sd, hd, fhd"),
    ])
  func mistakes(text: String, problem: String) {
    let found = problems(of: Self.head + text + "\n")
    #expect(found.contains { $0.contains(problem) }, "\(found)")
  }
}
