import BotEngine
import Testing

@testable import WebexProtocol

@Suite("Speech over a prompt pauses it, where the agent pauses")
struct ConversationPauseTests {
  /// Two seconds of a prompt are being sent, and the next RPC of audio is open.
  private func speaking(_ seconds: Int = 2, ahead: Duration? = .milliseconds(400)) -> ConversationScript {
    var script = ConversationScript(.chunk) { $0.pauseAhead = ahead }
    script.play(.caller(.sessionStart, on: 1))
    script.play(.bot(.speech(8000 * seconds)), .bot(.endTurn(nil)))
    script.play(.caller(.audio, on: 2))
    return script
  }

  /// All audio of answers among actions, in bytes.
  private func bytes(_ actions: [ConversationAction]) -> Int {
    actions.reduce(0) { sum, action in
      guard case .send(_, let response) = action else { return sum }
      return response.prompts.reduce(sum) { $0 + ($1.audio?.count ?? 0) }
    }
  }

  @Test("its audio is never further ahead of what is heard than the bound, and never runs dry")
  func ahead() {
    var script = ConversationScript(.chunk) { $0.pauseAhead = .milliseconds(400) }
    script.play(.caller(.sessionStart, on: 1))
    var sent = bytes(script.machine.bot(.speech(80_000), turn: 1, now: .zero))
    sent += bytes(script.machine.bot(.endTurn(nil), turn: 1, now: .zero))
    #expect(sent == 2400)
    while let deadline = script.machine.nextDeadline, sent < 80_000 {
      let ahead = Duration.microseconds(125 * sent) - deadline
      #expect(ahead > .milliseconds(100))
      sent += bytes(script.machine.tick(now: deadline))
      #expect(Duration.microseconds(125 * sent) - deadline <= .milliseconds(400))
    }
    #expect(sent == 80_000)
  }

  @Test(
    "what was a cough leaves it whole: nothing is sent meanwhile, nobody is told, and it goes on with the next sample")
  func resumed() {
    var script = speaking()
    script.play(.wait(.milliseconds(500)))
    #expect(script.play(.speechMayHaveBegun) == ["paused"])
    #expect(script.play(.wait(.milliseconds(700))) == [])
    let resumed = script.play(.speechWasNothing, .wait(.seconds(3)))
    #expect(resumed.first == "resumed" && resumed[1].hasPrefix("#1 chunk"))
    #expect(resumed.contains { $0.hasPrefix("#1 final") && $0.hasSuffix("→voiceAndDTMF") })
    #expect(!resumed.contains { $0.contains("bot") || $0.contains("startOfInput") })
    let all = script.machine
    #expect(all.drops == .init() && !all.isPaused)
  }

  @Test("every byte of it is sent once, whatever pauses it")
  func whole() {
    var script = ConversationScript(.chunk) { $0.pauseAhead = .milliseconds(400) }
    script.play(.caller(.sessionStart, on: 1))
    let audio = (0..<40_000).map { UInt8($0 % 253) }
    var heard: [UInt8] = []
    func take(_ actions: [ConversationAction]) {
      for case .send(_, let response) in actions { for prompt in response.prompts { heard += prompt.audio ?? [] } }
    }
    take(script.machine.bot(.audio(BotAudio(.mulaw(audio))), turn: 1, now: .zero))
    take(script.machine.bot(.endTurn(nil), turn: 1, now: .zero))
    _ = script.machine.received(.audio, on: RPCID(2), now: .zero)
    var now = Duration.zero
    for step in 0..<900 {
      now += .milliseconds(10)
      if step % 90 == 40 { take(script.machine.speechMayHaveBegun(now: now)) }
      if step % 90 == 75 { take(script.machine.speechWasNothing(now: now)) }
      take(script.machine.tick(now: now))
    }
    #expect(heard == audio)
  }

  @Test("speech that goes on ends it: START_OF_INPUT, what was not sent is dropped, and the bot learns what was heard")
  func interrupted() {
    var script = speaking()
    script.play(.wait(.milliseconds(600)), .speechMayHaveBegun)
    // What had been sent is heard: it ends after a second.
    let stopped = script.play(.wait(.milliseconds(500)), .speechStarts)
    #expect(stopped[0] == "interrupted")
    #expect(stopped[1] == "bot interrupted at 900")
    #expect(stopped.contains("#2 final startOfInput") && stopped.last == "bot speech")
    #expect(script.machine.drops.staleMilliseconds == 1100)
  }

  @Test("is over after a time though nobody says that it was nothing")
  func bounded() {
    var script = speaking()
    script.play(.wait(.milliseconds(500)), .speechMayHaveBegun)
    #expect(script.play(.wait(.milliseconds(1199))) == [])
    #expect(script.play(.wait(.milliseconds(1))).first == "resumed")
  }

  @Test("gives a bot that is still speaking its time back")
  func deadline() {
    var script = ConversationScript(.chunk) { $0.pauseAhead = .milliseconds(400) }
    script.play(.caller(.sessionStart, on: 1), .bot(.speech(8000)), .caller(.audio, on: 2), .wait(.milliseconds(800)))
    script.play(.speechMayHaveBegun, .wait(.seconds(1)), .speechWasNothing)
    // A second of audio, five of patience, and the second's pause.
    #expect(script.play(.wait(.milliseconds(5199))).allSatisfy { !$0.contains("final") })
    #expect(script.play(.wait(.milliseconds(1))).contains { $0.hasPrefix("#1 final") })
  }

  @Test("not once all of it is on its way, not where nobody may interrupt it, not before it begins, and not otherwise")
  func never() {
    var sent = speaking()
    sent.play(.wait(.milliseconds(1900)))
    #expect(sent.play(.speechMayHaveBegun) == [])
    var uninterruptible = ConversationScript(.chunk) { $0.pauseAhead = .milliseconds(400) }
    uninterruptible.play(.caller(.sessionStart, on: 1), .bot(.speech(8000, bargeIn: false)), .caller(.audio, on: 2))
    #expect(uninterruptible.play(.speechMayHaveBegun) == [])
    var thinking = ConversationScript(.chunk) { $0.pauseAhead = .milliseconds(400) }
    thinking.play(.caller(.sessionStart, on: 1), .caller(.audio, on: 2))
    #expect(thinking.play(.speechMayHaveBegun) == [])
    var stopping = speaking(60, ahead: nil)
    #expect(stopping.play(.speechMayHaveBegun) == [])
  }

  @Test("a transfer that the bot decides on meanwhile waits for the pause's end")
  func transfer() {
    var script = speaking()
    script.play(.wait(.milliseconds(300)), .speechMayHaveBegun)
    #expect(script.play(.bot(.transfer(summary: nil, metadata: [:]))) == [])
    let after = script.play(.speechWasNothing)
    #expect(after.last == "close transferred" && after.contains { $0.contains("transferToAgent") })
  }

  @Test("an interruption is told in characters too, where the bot told the words")
  func characters() {
    var script = ConversationScript { _ in }
    func say(_ text: String?, _ bytes: Int) -> Move {
      .bot(.audio(BotAudio(.mulaw([UInt8](repeating: 0x55, count: bytes)), text: text)))
    }
    script.play(
      .caller(.sessionStart, on: 1), say("0123456789", 8000), say(nil, 8000), say("0123456789", 8000),
      .bot(.endTurn(nil)), .caller(.audio, on: 2), .wait(.milliseconds(2500)))
    #expect(script.play(.speechStarts).contains("bot interrupted at 2500 after 15 characters"))
  }
}
