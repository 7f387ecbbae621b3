import AudioCodecs
import WebexProtocol

/// One RPC, as its conversation sees it: the line, and the state of the audio on it.
final class Interaction {
  let line: any SessionLine
  let audio: CallerAudioDecoder
  var pace = RealTimeGuard()
  var carriesAudio = false
  /// No further input counts: it was completed or is gone.
  var isOver = false

  init(_ line: any SessionLine, _ audio: CallerAudioDecoder) {
    self.line = line
    self.audio = audio
  }

  var id: RPCID { line.id }
}
