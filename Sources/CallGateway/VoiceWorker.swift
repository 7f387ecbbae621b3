import AudioCodecs
import WebexProtocol

/// What one loop needs for its RPCs, made once: nothing of it is allocated for a message.
final class VoiceWorker {
  let decoder = VoiceRequestDecoder()
  let samples = SampleScratch()
}
