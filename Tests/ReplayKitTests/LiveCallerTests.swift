import AudioCodecs
import Testing
import WebexProtocol

@testable import ReplayKit

@Suite("A person at a telephone")
struct LiveCallerTests {
  private static let loud = AudioEncoding.mulaw.encode(
    (0..<160).map { Int16($0 / 10 % 2 == 0 ? 8000 : -8000) })
  private static let quiet = [UInt8](repeating: 0xFF, count: 160)

  private func rig(greeting: VoiceResponse = .answer()) -> CallRig {
    var settings = CallerSettings(conversation: "c-1", organization: "o-1")
    settings.keepsAudio = true
    var rig = CallRig(Caller(live: settings))
    rig.answer(1, greeting, after: .milliseconds(100))
    return rig
  }

  @Test("nothing is done of itself: silence is sent, then the no-input timer fires, and nobody hangs up")
  func idle() {
    var rig = rig()
    rig.pass(.seconds(5))
    #expect(rig.frames[2]?.allSatisfy { $0 == .silence } == true)
    rig.pass(.milliseconds(1_100))
    #expect(rig.sent[3] == [.event(.init(.noInput))])
    rig.answer(3)
    rig.pass(.seconds(3))
    #expect(rig.outcomes.isEmpty)
    rig.caller.hangUp(at: rig.now)
    rig.collect()
    #expect(rig.sent[rig.rpc] == [.event(.init(.sessionEnd))])
  }

  @Test("the microphone goes out frame by frame, is kept where it went out, and its turn is measured by its level")
  func microphone() throws {
    var rig = rig()
    rig.pass(.milliseconds(1_400))
    let began = rig.now
    for _ in 0..<50 { rig.speak(Self.loud) }
    rig.server(.startOfInput, on: 2)
    for _ in 0..<35 { rig.speak(Self.quiet) }
    rig.server(.endOfInput, on: 2)
    #expect(rig.frames[2]?.filter { $0 == .live(Self.loud) }.count == 50)
    rig.answer(2, after: .milliseconds(200))
    let turn = try #require(rig.caller.turns.last)
    #expect(turn.kind == .voice && turn.result == .answered && !turn.bargedIn)
    // The queue holds three frames back.
    let speechStart = try #require(turn.speechStart)
    #expect((began...began + .milliseconds(100)).contains(speechStart))
    #expect(turn.speechEnd == speechStart + .seconds(1))
    let place = CallTimeline.position(speechStart)
    let kept = try #require(rig.caller.timeline.samples(of: .caller, in: place..<(place + 8_000)))
    #expect(kept.allSatisfy { $0 != 0 })
    #expect(rig.caller.violations == [])
  }

  @Test("a START_OF_INPUT within a prompt cuts it, and what was said is an interruption")
  func bargeIn() throws {
    var rig = rig(greeting: .answer(milliseconds: 5_000))
    rig.pass(.milliseconds(500))
    for _ in 0..<20 { rig.speak(Self.loud) }
    rig.server(.startOfInput, on: 2)
    #expect(rig.caller.turns.last?.bargedIn == true)
    #expect(rig.events.contains { if case .promptsCut = $0 { true } else { false } })
    let now = CallTimeline.position(rig.now)
    #expect(rig.caller.timeline.samples(of: .agent, in: now..<(now + 800)) == nil)
  }

  @Test("while an answer in chunks is still coming the platform listens, and speech interrupts it")
  func bargeInBeforeTheEnd() {
    var rig = CallRig(Caller(live: CallerSettings(conversation: "c-1", organization: "o-1")))
    rig.pass(.milliseconds(100))
    rig.server(.chunk(milliseconds: 2_000), on: 1)
    rig.pass(.milliseconds(300))
    #expect(rig.opened[2] != nil)
    for _ in 0..<20 { rig.speak(Self.loud) }
    rig.server(.startOfInput, on: 2)
    rig.server(.chunk(milliseconds: 2_000), on: 1)
    rig.server(.chunksEnd, on: 1)
    rig.complete(1)
    rig.server(.endOfInput, on: 2)
    rig.answer(2, after: .milliseconds(100))
    #expect(rig.caller.turns.map(\.kind) == [.greeting, .voice] && rig.outcomes.isEmpty)
  }

  @Test("what is said while nobody listens is said to nobody")
  func nobodyListens() {
    var rig = rig(greeting: .answer(milliseconds: 1_000, bargeIn: false))
    for _ in 0..<20 { rig.speak(Self.loud) }
    rig.pass(.seconds(2))
    #expect(rig.frames[2]?.allSatisfy { $0 == .silence } == true)
  }

  @Test("keys begin an entry and go on with it, until its time, its length or its terminator")
  func keys() {
    var rig = rig()
    rig.press(.one)
    rig.pass(.seconds(1))
    rig.press(.two)
    #expect(rig.sent[2]?.last == .event(.init(.startOfDTMF)), "within the prompt, on the open audio RPC")
    #expect(rig.sent[3] == nil)
    rig.pass(.milliseconds(3_100))
    #expect(rig.sent[3] == [.dtmf([.one, .two])])
    var handling = InputHandling()
    handling.dtmf = .init(length: 2)
    rig.answer(3, .answer(milliseconds: 0, handling: handling))
    rig.press(.three)
    rig.press(.four)
    rig.pass(.milliseconds(10))
    #expect(rig.sent[rig.rpc] == [.dtmf([.three, .four])])
    #expect(rig.caller.turns.map(\.kind) == [.greeting, .digits(count: 2), .digits(count: 2)])
  }

  @Test("keys that nobody collects are told, and no more")
  func uncollectedKeys() {
    var rig = rig(greeting: .answer(milliseconds: 1_000, mode: .voice))
    rig.press(.one)
    #expect(rig.events.contains(.uncollectedKeys([.one])))
    rig.pass(.seconds(1))
    #expect(rig.outcomes.isEmpty)
  }

  @Test("a clip is said when somebody listens, one at a time, with the times of its speech")
  func clip() throws {
    var rig = rig(greeting: .answer(milliseconds: 1_000, bargeIn: false))
    let clip = SpokenClip.tone(milliseconds: 600)
    let isTaken = [rig.say(clip), rig.say(clip)]
    #expect(isTaken == [true, false])
    rig.pass(.milliseconds(500))
    #expect(rig.frames.isEmpty)
    rig.pass(.milliseconds(1_500))
    #expect(rig.frames[2]?.filter { $0 != .silence }.compactMap(\.liveBytes) == clip.frames)
    rig.server(.startOfInput, on: 2)
    rig.server(.endOfInput, on: 2)
    rig.answer(2, after: .milliseconds(300))
    let turn = try #require(rig.caller.turns.last)
    #expect(turn.kind == .speech(clip: 0) && turn.endDelay != nil && turn.result == .answered)
    let isTakenAgain = rig.say(clip)
    #expect(isTakenAgain)
  }

  @Test("frames leave in order; a burst that is too long loses its oldest, and a gap waits for a few again")
  func queue() {
    var queue = FrameQueue()
    queue.append([0])
    queue.append([1])
    var left = [queue.next()]
    queue.append([2])
    for _ in 0..<4 { left.append(queue.next()) }
    #expect(left == [nil, [0], [1], [2], nil])
    for number in 0..<21 as Range<UInt8> { queue.append([number]) }
    let next = queue.next()
    #expect(queue.dropped == 18 && next == [18])
    queue.removeAll()
    let last = queue.next()
    #expect(last == nil && queue.count == 0)
  }

  @Test("a voice begins and ends where it is loud; a pause of a third of a second begins it anew")
  func span() {
    var voice = VoiceSpan()
    for level in [-70.0, -20, -20, -60] + Array(repeating: -70, count: 15) { voice.append(level) }
    #expect(voice.start == .milliseconds(20) && voice.end == .milliseconds(60))
    for level in [-30.0, -70, -25, -70] { voice.append(level) }
    #expect(voice.start == .milliseconds(380) && voice.end == .milliseconds(440))
    #expect(VoiceSpan().start == nil && VoiceSpan().end == nil)
  }

  @Test("audio that was handed on is forgotten, and the rest is found")
  func timeline() {
    var timeline = CallTimeline()
    timeline.add([1, 2, 3], to: .agent, at: .microseconds(125 * 10))
    timeline.add([4], to: .agent, at: .microseconds(125 * 20))
    #expect(timeline.samples(of: .agent, in: 11..<22) == [2, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0])
    #expect(timeline.samples(of: .agent, in: 13..<20) == nil)
    #expect(timeline.samples(of: .caller, in: 0..<100) == nil)
    timeline.forget(before: 13)
    #expect(timeline.samples(of: .agent, in: 10..<13) == nil)
    #expect(timeline.samples(of: .agent, in: 20..<21) == [4])
  }
}

extension CallerFrame {
  fileprivate var liveBytes: [UInt8]? { if case .live(let bytes) = self { bytes } else { nil } }
}

extension CallRig {
  fileprivate init(_ caller: Caller) {
    self.caller = caller
    self.caller.start(at: now)
    collect()
  }

  /// 20 ms at the microphone.
  fileprivate mutating func speak(_ frame: [UInt8]) {
    caller.hear(frame, at: now)
    collect()
    pass(.milliseconds(20))
  }

  fileprivate mutating func say(_ clip: SpokenClip) -> Bool {
    defer { collect() }
    return caller.say(clip, at: now)
  }

  fileprivate mutating func press(_ key: DTMFKey) {
    caller.press(key, at: now)
    collect()
  }
}
