import GRPCTransport
import MetricsTestKit
import Testing

@testable import BotEngine
@testable import CallGateway

@Suite("MediaMetrics tells operators of forks and meetings, and of all that was not heard")
struct MediaMetricsTests {
  @Test("a session is live until its end, which is counted under its kind and reason")
  func sessions() throws {
    try metered { metrics in
      let test = try TestGateway()
      let fork = try test.stream(.fork)
      fork.send(message: MediaMessage.fork(audio: [UInt8](repeating: 0x55, count: 160)))
      let meeting = try test.stream(.meetingControl)
      meeting.send(message: MediaMessage.control())
      #expect(test.media.metrics.live == 2)
      #expect(metrics.level("patchbay_media_sessions_live", [("kind", "fork")]) == 1)
      #expect(metrics.total("patchbay_media_sessions_started_total", [("kind", "meeting")]) == 1)
      fork.end(.cancelled)
      meeting.halfClose()
      test.advance(by: .seconds(30))
      #expect(test.media.metrics.live == 0)
      func ended(_ kind: String, _ reason: MediaEnd) -> Int64 {
        metrics.total("patchbay_media_sessions_ended_total", [("kind", kind), ("reason", reason.rawValue)])
      }
      #expect(ended("fork", .lost) == 1 && ended("meeting", .completed) == 1)
      #expect(metrics.total("patchbay_media_frames_total") == 1)
    }
  }

  @Test("audio that a leg repeats is counted in samples, and audio that is not what it claims")
  func audio() throws {
    try metered { metrics in
      let test = try TestGateway()
      let rpc = try test.stream(.fork)
      let piece = [UInt8](repeating: 0x55, count: 1600)
      rpc.send(message: MediaMessage.fork(audio: piece, timestamp: 1_000_000_000))
      test.advance(by: .milliseconds(200))
      #expect(metrics.total("patchbay_media_repeated_samples_total") == 0)
      rpc.send(message: MediaMessage.fork(audio: piece, timestamp: 1_000_100_000))
      #expect(metrics.total("patchbay_media_repeated_samples_total") == 800)
      rpc.send(message: MediaMessage.fork(audio: [UInt8](repeating: 0x55, count: 160), encoding: 9))
      #expect(metrics.total("patchbay_media_audio_refused_total") == 1 && rpc.status == nil)
    }
  }

  @Test("what a slow receiver missed is counted by what it was, and nothing where it missed nothing")
  func drops() throws {
    try metered { metrics in
      let media = MediaMetrics()
      media.dropped(.init(samples: 160, videoFrames: 0, events: 2), by: "slow")
      func dropped(_ what: String) -> [TestCounter] {
        metrics.counters(label: "patchbay_media_dropped_total", dimensions: [("receiver", "slow"), ("what", what)])
      }
      #expect(dropped("samples").first?.totalValue == 160 && dropped("events").first?.totalValue == 2)
      #expect(dropped("video_frames").isEmpty)
    }
  }

  @Test("what became of a stream's packets is counted when it is over")
  func packets() throws {
    try metered { metrics in
      let test = try TestGateway()
      let (_, stream) = try test.meeting()
      let packet = [UInt8](repeating: 0x55, count: 160)
      for number: UInt64 in [1, 3, 2, 2, 5] { stream.send(message: MediaMessage.packet(packet, number, of: "p")) }
      stream.halfClose()
      #expect(metrics.total("patchbay_media_packets_reordered_total") == 1)
      #expect(metrics.total("patchbay_media_packets_late_total") == 1)
      #expect(metrics.total("patchbay_media_packets_lost_total") == 1)
    }
  }

  @Test("a participant's damaged packets are counted when the participant leaves")
  func participants() throws {
    try metered { metrics in
      let test = try TestGateway(meetings: .init(audioCodec: .opus))
      let (control, stream) = try test.meeting()
      control.send(message: MediaMessage.roster(1, added: ["p"]))
      for number: UInt64 in 1...3 { stream.send(message: MediaMessage.packet([0xFF], number, of: "p")) }
      #expect(metrics.total("patchbay_media_packets_damaged_total") == 0)
      control.send(message: MediaMessage.roster(2, removed: ["p"]))
      #expect(metrics.total("patchbay_media_packets_damaged_total") == 3)
    }
  }
}
