import BotEngine
import MetricsTestKit
import Testing

@testable import CallGateway

@Suite("CountingReceiver counts what comes and tells it at the end of the session")
struct CountingReceiverTests {
  private func audio(_ source: String, _ count: Int, concealed: Int = 0) -> MediaEvent {
    .audio(
      MediaAudio(
        source: source, samples: [Int16](repeating: 0, count: count), sampleRate: 16_000, position: 0,
        concealed: concealed))
  }

  @Test("audio in seconds, made-up audio apart, pictures by number and size")
  func counts() async throws {
    let (metrics, log) = (TestMetrics(), NotedLog())
    let receiver = metered(metrics) { CountingReceiver(id: "count", log: log.logger) }
    let events = MediaEvents()
    for source in ["a", "b"] { events.deliver(.sourceAdded(MediaSource(id: source, role: .participant))) }
    events.deliver(audio("a", 16_000))
    events.deliver(audio("b", 16_000, concealed: 16_000))
    for size in [10, 20] {
      events.deliver(
        .video(
          MediaVideo(source: "a", stream: "v", data: [UInt8](repeating: 0, count: size), timestamp: 0, milliseconds: 0))
      )
    }
    events.deliver(.ended(.lost))
    let info = MediaSessionInfo(kind: .meeting, organization: "acme", conversation: "m-1", sampleRate: 16_000)
    try await receiver.receive(MediaSession(info: info, events: events))
    let receivers = [("receiver", "count")]
    #expect(metrics.total("patchbay_received_audio_seconds_total", receivers) == 2)
    #expect(metrics.total("patchbay_received_concealed_seconds_total", receivers) == 1)
    #expect(metrics.total("patchbay_received_video_frames_total", receivers) == 2)
    #expect(metrics.total("patchbay_received_video_bytes_total", receivers) == 30)
    let line = try #require(log.lines.last)
    let told = [
      "receiver": "count", "end": "lost", "sources": "2", "audio_ms": "2000", "concealed_ms": "1000",
      "video_frames": "2", "conversation": "m-1", "org": "acme", "kind": "meeting",
    ]
    for (key, value) in told { #expect(line.metadata[key].map { "\($0)" } == value, "\(key)") }
  }

  @Test("a session that brings nothing is told of with zeros")
  func nothing() async throws {
    let log = NotedLog()
    let events = MediaEvents()
    events.deliver(.ended(.completed))
    try await CountingReceiver(id: "count", log: log.logger).receive(
      MediaSession(
        info: MediaSessionInfo(kind: .fork, organization: "acme", conversation: "f-1", sampleRate: 0), events: events))
    #expect(log.lines.last?.metadata["audio_ms"].map { "\($0)" } == "0")
  }
}
