import AudioCodecs
import BotEngine
import Metrics
import Synchronization
import WebexProtocol

/// What the operators see of forked conversations and meetings. Labels are bounded: kinds, reasons and the receivers of
/// the configuration.
final class MediaMetrics: Sendable {
  let frames = Counter(label: "patchbay_media_frames_total")
  let videoFrames = Counter(label: "patchbay_media_video_frames_total")
  let refusedAudio = Counter(label: "patchbay_media_audio_refused_total")
  let leftOutValues = Counter(label: "patchbay_flow_values_left_out_total")
  let repeatedSamples = Counter(label: "patchbay_media_repeated_samples_total")
  let reportedErrors = Counter(label: "patchbay_media_reported_errors_total")
  private let lost = Counter(label: "patchbay_media_packets_lost_total")
  private let recovered = Counter(label: "patchbay_media_packets_recovered_total")
  private let damaged = Counter(label: "patchbay_media_packets_damaged_total")
  private let late = Counter(label: "patchbay_media_packets_late_total")
  private let reordered = Counter(label: "patchbay_media_packets_reordered_total")
  private let liveSessions = Atomic<Int>(0)

  /// Sessions that are up.
  var live: Int { liveSessions.load(ordering: .relaxed) }

  func sessionStarted(_ kind: MediaSessionInfo.Kind) {
    liveSessions.add(1, ordering: .relaxed)
    Counter(label: "patchbay_media_sessions_started_total", dimensions: [("kind", kind.rawValue)]).increment()
    Meter(label: "patchbay_media_sessions_live", dimensions: [("kind", kind.rawValue)]).increment()
  }

  func sessionEnded(_ kind: MediaSessionInfo.Kind, _ end: MediaEnd) {
    liveSessions.subtract(1, ordering: .relaxed)
    Meter(label: "patchbay_media_sessions_live", dimensions: [("kind", kind.rawValue)]).decrement()
    Counter(
      label: "patchbay_media_sessions_ended_total", dimensions: [("kind", kind.rawValue), ("reason", end.rawValue)]
    ).increment()
  }

  func receiverFailed(_ id: String) {
    Counter(label: "patchbay_media_receiver_failures_total", dimensions: [("receiver", id)]).increment()
  }

  func dropped(_ drops: MediaEvents.Drops, by id: String) {
    func count(_ what: String, _ number: Int) {
      guard number > 0 else { return }
      Counter(label: "patchbay_media_dropped_total", dimensions: [("receiver", id), ("what", what)])
        .increment(by: number)
    }
    count("samples", drops.samples)
    count("video_frames", drops.videoFrames)
    count("events", drops.events)
  }

  /// A media stream is over: what became of its packets.
  func streamEnded(_ counts: (lost: UInt64, late: Int, reordered: Int)) {
    if counts.lost > 0 { lost.increment(by: Int64(clamping: counts.lost)) }
    if counts.late > 0 { late.increment(by: counts.late) }
    if counts.reordered > 0 { reordered.increment(by: counts.reordered) }
  }

  /// A participant is gone: what became of what was lost.
  func participantEnded(_ counts: OpusStream.Counts) {
    if counts.damaged > 0 { damaged.increment(by: counts.damaged) }
    if counts.recovered > 0 { recovered.increment(by: counts.recovered) }
  }
}
