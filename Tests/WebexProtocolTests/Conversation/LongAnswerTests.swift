import Testing

@testable import WebexProtocol

@Suite("A long answer is heard to its last sample")
struct LongAnswerTests {
  /// A bot that hands over its words a second at a time, at some multiple of real time or at once, and reads no further
  /// than there is room, as an engine does.
  private struct Speaker {
    var script: ConversationScript
    let settings: ConversationStateMachine.Settings
    var said: [String] = []
    private var isFull = false
    private var handed = 0

    init(_ mode: ResponseMode, change: (inout ConversationStateMachine.Settings) -> Void = { _ in }) {
      script = ConversationScript(mode, change: change)
      var settings = ConversationStateMachine.Settings(mode: mode)
      change(&settings)
      self.settings = settings
      said = script.play(.caller(.sessionStart, on: 1))
    }

    /// Says so many seconds, and ends the turn or not.
    mutating func say(seconds: Int, speed: Int?, ends: Bool) {
      let began = script.now
      var left = seconds
      while left > 0 {
        let passed = Int((script.now - began) / .milliseconds(1))
        while left > 0, !isFull, speed.map({ (seconds - left) * 1000 <= passed * $0 }) ?? true {
          said += script.play(.bot(.speech(8000)))
          left -= 1
          settle()
        }
        said += script.play(.wait(.milliseconds(100)))
        settle()
        guard !said.contains(where: { $0.contains("ok") }) else { return }
      }
      if ends { said += script.play(.bot(.endTurn(nil))) }
    }

    private mutating func settle() {
      let waiting = script.machine.queuedBytes
      isFull = isFull ? waiting > settings.roomyBytes : waiting >= script.machine.fullBytes
    }

    /// Bytes of audio that left, in chunks.
    var sent: Int {
      said.filter { $0.contains(" chunk ") }.compactMap { phrase in
        phrase.split(separator: " ").first { $0.hasSuffix("B") || $0.hasSuffix("B!") }
          .flatMap { Int($0.prefix { $0.isNumber }) }
      }.reduce(0, +)
    }
  }

  @Test(
    "however fast the bot hands it over",
    arguments: [(36, nil), (46, 5), (75, 2), (60, 10), (90, nil), (240, nil)] as [(Int, Int?)])
  func chunks(seconds: Int, speed: Int?) {
    var speaker = Speaker(.chunk)
    speaker.say(seconds: seconds, speed: speed, ends: true)
    speaker.said += speaker.script.play(.wait(.seconds(60)))
    #expect(speaker.sent == seconds * 8000)
    #expect(speaker.said.suffix(2) == ["#1 final 0B! →voiceAndDTMF", "#1 ok"])
    #expect(speaker.script.machine.drops == .init())
  }

  @Test("and where the bot forgets to end its turn, which ends when it has been silent for the time to answer")
  func forgotten() {
    var speaker = Speaker(.chunk)
    speaker.say(seconds: 60, speed: nil, ends: false)
    let left = Duration.seconds(60) - speaker.script.now
    #expect(speaker.script.play(.wait(left + .milliseconds(4900))).allSatisfy { !$0.contains("ok") })
    #expect(speaker.script.play(.wait(.milliseconds(200))).last == "#1 ok")
  }

  @Test("but one that was cleared is not waited for")
  func cleared() {
    var speaker = Speaker(.chunk)
    speaker.say(seconds: 30, speed: nil, ends: false)
    speaker.script.play(.bot(.clear))
    #expect(speaker.script.play(.wait(.seconds(16))).last == "#1 ok", "ten seconds were sent, and five are waited")
    // And what follows a clear is given its time.
    var other = Speaker(.chunk)
    other.say(seconds: 20, speed: nil, ends: false)
    other.script.play(.bot(.clear), .bot(.speech(8000)))
    #expect(other.script.play(.wait(.milliseconds(15_500))).allSatisfy { !$0.contains("ok") })
  }

  @Test("with what the bot adds after the end of its turn, while it is being sent")
  func added() {
    var speaker = Speaker(.chunk)
    speaker.say(seconds: 20, speed: nil, ends: true)
    speaker.said += speaker.script.play(.wait(.seconds(1)))
    speaker.say(seconds: 20, speed: nil, ends: true)
    speaker.said += speaker.script.play(.wait(.seconds(60)))
    #expect(speaker.sent == 40 * 8000)
    #expect(speaker.script.machine.drops == .init())
  }

  @Test("and a clear after the end of the turn drops what was not sent")
  func clearedAfterTheEnd() {
    var speaker = Speaker(.chunk)
    speaker.say(seconds: 20, speed: nil, ends: true)
    #expect(speaker.script.play(.bot(.clear)) == ["#1 final 0B! →voiceAndDTMF", "#1 ok"])
  }

  @Test("before a transfer too, and no more than four minutes are sent ahead")
  func farewell() {
    var speaker = Speaker(.chunk) {
      $0.maximumQueuedBytes = 8_000_000; $0.fullBytes = 4_800_000
    }
    speaker.say(seconds: 500, speed: nil, ends: false)
    speaker.said += speaker.script.play(.bot(.transfer(summary: nil, metadata: [:])))
    #expect(speaker.sent <= 242 * 8000)
    speaker.said += speaker.script.play(.wait(.seconds(300)))
    #expect(speaker.sent == 500 * 8000)
    #expect(speaker.said.last == "close transferred")
  }

  @Test("what a bot says after its leave is counted as that, and not as interrupted")
  func late() {
    var script = ConversationTurnTests.greeted(.wav)
    script.play(.bot(.transfer(summary: nil, metadata: [:])), .bot(.speech(800)))
    #expect(script.machine.drops.lateOutputs == 1 && script.machine.drops.staleOutputs == 0)
  }

  @Test("of a bot that leaves after its words: then comes the fallback", arguments: ConversationTurnTests.modes)
  func leaves(mode: ResponseMode) {
    var script = ConversationScript(mode) { $0.fallback = .init(prompt: .text("Sorry.")) }
    script.play(.caller(.sessionStart, on: 1))
    var said = script.play(.bot(.speech(24_000)))
    said += script.play(.botLeaves(inOrder: true))
    #expect(
      said
        == (mode == .wav
          ? ["#1 final transferToAgent 24058B! \"Sorry.\"!"]
          : [
            "#1 chunk 1600B", "#1 chunk 8000B", "#1 chunk 8000B", "#1 chunk 6400B!", "#1 chunk \"Sorry.\"!",
            "#1 final transferToAgent 0B!",
          ]) + ["#1 ok", "bot ended botFailed", "close botFailed"])
  }

  @Test("in WAV mode, where it is sent whole")
  func wav() {
    var speaker = Speaker(.wav) {
      $0.maximumQueuedBytes = 2_000_000; $0.fullBytes = 1_500_000
    }
    speaker.say(seconds: 240, speed: nil, ends: true)
    #expect(speaker.said.suffix(2) == ["#1 final 1920058B →voiceAndDTMF", "#1 ok"])
  }

  @Test("and one that is longer than a WAV answer may be is a failure of the bot")
  func tooLong() {
    var script = ConversationScript(.wav) { $0.maximumQueuedBytes = 4000 }
    script.play(.caller(.sessionStart, on: 1))
    #expect(script.play(.bot(.speech(3999)), .bot(.speech(1))) == [])
    #expect(
      script.play(.bot(.speech(1))) == [
        "#1 final transferToAgent", "#1 ok", "bot ended botFailed", "close botFailed",
      ])
    #expect(script.machine.isAnswerTooLong && script.machine.drops.overflowedOutputs == 1)
  }

  @Test("output beyond the bound is dropped and counted as that where it is heard as it comes")
  func overflow() {
    var script = ConversationScript(.chunk) {
      $0.maximumQueuedBytes = 1000; $0.chunks = ChunkSizes(first: 65_000)
    }
    script.play(.caller(.sessionStart, on: 1), .bot(.speech(700)), .bot(.speech(400)), .bot(.speech(40)))
    #expect(script.machine.drops.overflowedOutputs == 1 && script.machine.drops.staleOutputs == 0)
  }
}

@Suite("Audio that waits")
struct AudioRunTests {
  @Test("leaves in the order in which it came, whatever the sizes", arguments: 0..<10 as Range<UInt64>)
  func order(seed: UInt64) {
    var random = SplitMix(state: seed)
    var run = AudioRun([])
    var expected: [UInt8] = []
    var next: UInt8 = 0
    for _ in 0..<150 {
      if random.next() % 3 > 0 {
        let more = (0..<Int(random.next() % 9000)).map { _ in
          next &+= 1
          return next
        }
        run.append(more)
        expected += more
      } else {
        let count = Int(random.next() % 12_000)
        let taken = run.removeFirst(count)
        #expect(taken == Array(expected.prefix(count)))
        expected.removeFirst(taken.count)
      }
      #expect(run.count == expected.count)
    }
    #expect(run.bytes == expected)
  }
}
