public import BotEngine
public import Logging
import Metrics

/// The receiver `count`: counts what comes, keeps nothing, and tells at the end of a session how much it was.
public struct CountingReceiver: MediaReceiver {
  private let log: Logger
  private let audio: FloatingPointCounter
  private let concealed: FloatingPointCounter
  private let frames: Counter
  private let bytes: Counter

  /// A receiver; `id` is what its metrics and logs call it.
  public init(id: String, log: Logger) {
    var log = log
    log[metadataKey: "receiver"] = "\(id)"
    self.log = log
    let dimensions = [("receiver", id)]
    audio = FloatingPointCounter(label: "patchbay_received_audio_seconds_total", dimensions: dimensions)
    concealed = FloatingPointCounter(label: "patchbay_received_concealed_seconds_total", dimensions: dimensions)
    frames = Counter(label: "patchbay_received_video_frames_total", dimensions: dimensions)
    bytes = Counter(label: "patchbay_received_video_bytes_total", dimensions: dimensions)
  }

  /// Counts one session, until it is over.
  public func receive(_ session: MediaSession) async throws {
    var samples = 0
    var made = 0
    var pictures = 0
    var sources: Set<String> = []
    let rate = Double(max(1, session.info.sampleRate))
    let perMillisecond = max(1, session.info.sampleRate / 1000)
    for await event in session.events {
      switch event {
      case .sourceAdded(let source): sources.insert(source.id)
      case .audio(let piece):
        samples += piece.samples.count
        made += piece.concealed
        audio.increment(by: Double(piece.samples.count) / rate)
        if piece.concealed > 0 { concealed.increment(by: Double(piece.concealed) / rate) }
      case .video(let frame):
        pictures += 1
        frames.increment()
        bytes.increment(by: frame.data.count)
      case .ended(let end):
        log.info(
          "session counted",
          metadata: [
            "kind": "\(session.info.kind.rawValue)", "conversation": "\(session.info.conversation)",
            "org": "\(session.info.organization)", "end": "\(end.rawValue)", "sources": "\(sources.count)",
            "audio_ms": "\(samples / perMillisecond)", "concealed_ms": "\(made / perMillisecond)",
            "video_frames": "\(pictures)",
          ])
      case .sourceRemoved, .roster, .sensitive: break
      }
    }
  }
}
