import Testing
import WebexProtocol

@Suite("What becomes of a frame of audio")
struct HearingTests {
  private static func hearing(_ script: inout ConversationScript, on rpc: UInt64) -> String {
    let before = script.machine
    let hearing = script.machine.hearing(on: RPCID(rpc), now: script.now)
    #expect(before.isSpeaking == script.machine.isSpeaking && before.turn == script.machine.turn)
    let flags: [(String, Bool)] = [
      ("caller", hearing.isCallersVoice), ("listening", hearing.isListening), ("detecting", hearing.isDetecting),
      ("prompt", hearing.isPlayingPrompt), ("pausable", hearing.isPausable), ("speaking", hearing.isSpeaking),
    ]
    return flags.filter(\.1).map(\.0).joined(separator: " ")
  }

  @Test("one answer has all that a frame's owner asks, from the greeting to the end of a turn")
  func turn() {
    var script = ConversationScript(.wav)
    script.play(.caller(.sessionStart, on: 1), .bot(.speech(8000, bargeIn: false)), .bot(.endTurn(nil)))
    #expect(Self.hearing(&script, on: 1) == "caller prompt")
    script.play(.caller(.audio, on: 2))
    #expect(Self.hearing(&script, on: 1) == "prompt")
    #expect(Self.hearing(&script, on: 2) == "caller listening prompt")
    script.play(.wait(.milliseconds(1001)))
    #expect(Self.hearing(&script, on: 2) == "caller listening detecting")
    script.play(.speechStarts)
    #expect(Self.hearing(&script, on: 2) == "caller listening detecting speaking")
    script.play(.caller(.startOfDTMF, on: 2))
    #expect(!Self.hearing(&script, on: 2).contains("detecting"))
  }

  @Test("speech over a prompt that can be paused pauses it first")
  func pausable() {
    var script = ConversationScript(.chunk) { $0.pauseAhead = .milliseconds(400) }
    script.play(.caller(.sessionStart, on: 1), .bot(.speech(16_000)), .caller(.audio, on: 2))
    #expect(Self.hearing(&script, on: 2) == "caller listening detecting prompt pausable")
  }
}
