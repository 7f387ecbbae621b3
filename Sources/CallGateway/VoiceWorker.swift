import AudioCodecs
import Logging
import WebexProtocol

extension Logger {
  /// A log for one session.
  func of(
    _ key: ConversationKey, agent: String? = nil, trackingID: String?, spans: ConversationSpans? = nil
  ) -> Logger {
    var log = self
    log[metadataKey: "conversation"] = "\(key.conversation)"
    log[metadataKey: "org"] = "\(key.organization)"
    if let agent { log[metadataKey: "agent"] = "\(agent)" }
    if let trackingID { log[metadataKey: "trackingid"] = "\(trackingID)" }
    if let trace = spans?.root.context.trace { log[metadataKey: "trace_id"] = "\(trace.traceID)" }
    return log
  }
}

/// What one loop needs for its conversations.
final class VoiceWorker {
  let decoder = VoiceRequestDecoder()
  let samples = SampleScratch()
}
