import AudioCodecs
import GRPCTransport
import Logging
import SpeechDetection
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

/// What one loop needs for its conversations, and those of them whose callers' frames wait to be judged together.
final class VoiceWorker: LoopRester {
  /// So many frames wait at most.
  private static let most = 32

  let decoder = VoiceRequestDecoder()
  let samples = SampleScratch()
  // Nothing that has hold of one of these calls out meanwhile: no two accesses overlap, and a frame need not pay for the
  // check.
  @exclusivity(unchecked) private var batch = VoiceBatch()
  /// Each is retained once, until it has been heard out.
  @exclusivity(unchecked) private var waiting: [Unmanaged<Conversation>] = []
  /// Empty, with room for those who wait next.
  @exclusivity(unchecked) private var spare: [Unmanaged<Conversation>] = []

  deinit { for conversation in waiting { conversation.release() } }

  /// A frame of the conversation's waits: it is told to hear it out before its loop rests.
  func wait(_ conversation: Conversation) {
    waiting.append(.passRetained(conversation))
    if waiting.count >= Self.most {
      loopRests()
    } else if waiting.count == 1 {
      conversation.loop.tellBeforeRest(self)
    }
  }

  func loopRests() {
    guard !waiting.isEmpty else { return }
    // Whoever is heard out may have another wait: what is gone through is nobody else's meanwhile.
    var judged: [Unmanaged<Conversation>] = []
    swap(&judged, &spare)
    swap(&judged, &waiting)
    // The array retains each conversation, and that its detector.
    for conversation in judged {
      conversation._withUnsafeGuaranteedRef { if let speech = $0.speech { batch.add(speech) } }
    }
    batch.judge()
    for conversation in judged {
      conversation._withUnsafeGuaranteedRef { $0.hearOut() }
      conversation.release()
    }
    judged.removeAll(keepingCapacity: true)
    swap(&judged, &spare)
  }
}
