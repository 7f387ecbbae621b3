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
  private var batch = VoiceBatch()
  private var waiting: [Conversation] = []
  private var judged: [Conversation] = []

  /// A frame of the conversation's waits: it is told to hear it out before its loop rests.
  func wait(_ conversation: Conversation) {
    waiting.append(conversation)
    if waiting.count >= Self.most {
      loopRests()
    } else if waiting.count == 1 {
      conversation.loop.tellBeforeRest(self)
    }
  }

  func loopRests() {
    // Who is heard out may let others wait: they are judged next.
    guard judged.isEmpty, !waiting.isEmpty else { return }
    swap(&waiting, &judged)
    for conversation in judged {
      if let speech = conversation.speech { batch.add(speech) }
    }
    batch.judge()
    for conversation in judged { conversation.hearOut() }
    judged.removeAll(keepingCapacity: true)
  }
}
