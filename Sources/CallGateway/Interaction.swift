import AudioCodecs
import WebexProtocol

/// The pieces that audio came in, by their lengths in milliseconds.
struct AudioPieces {
  private(set) var count = 0
  private(set) var shortest = Int.max
  private(set) var longest = 0
  /// The most frequent length, where one is that of more than half of all (Boyer and Moore's majority vote).
  private(set) var usual = 0
  private var lead = 0

  mutating func add(milliseconds: Int) {
    count += 1
    shortest = min(shortest, milliseconds)
    longest = max(longest, milliseconds)
    if lead == 0 { usual = milliseconds }
    lead += usual == milliseconds ? 1 : -1
  }
}

/// What a recording tells of an RPC.
struct RecordedRPC {
  /// Its place among the RPCs of the call, from 1; 0 where the call is not recorded.
  var number = 0
  var pieces = AudioPieces()
  var isHalfClosed = false
}

/// One RPC, as its conversation sees it: the line, and the state of the audio on it.
final class Interaction {
  let line: any SessionLine
  let audio: CallerAudioDecoder
  @exclusivity(unchecked) var pace = RealTimeGuard()
  @exclusivity(unchecked) var carriesAudio = false
  /// What of it belongs into the call's recording.
  var traits = RecordedRPC()
  /// No further input counts: it was completed or is gone.
  @exclusivity(unchecked) var isOver = false

  init(_ line: any SessionLine, _ audio: CallerAudioDecoder) {
    self.line = line
    self.audio = audio
  }

  var id: RPCID { line.id }
}
