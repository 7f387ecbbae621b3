import AudioCodecs
import GRPCTransport
import Testing
import WebexProtocol

@testable import ReplayKit

@Suite("Calls over a real connection")
struct LiveCallTests {
  private static func settings(_ adjust: (inout CallerSettings) -> Void = { _ in }) -> CallerSettings {
    var settings = CallerSettings(conversation: "c-7", organization: "org-1")
    settings.reaction = .milliseconds(40)
    settings.keyInterval = .milliseconds(20)
    settings.interDigitTimeout = .milliseconds(60)
    settings.keepsAudio = true
    adjust(&settings)
    return settings
  }

  private static let clip = SpokenClip.tone(milliseconds: 300, lead: 40, tail: 40)

  private static func hold(_ caller: Caller, _ agent: LoopbackAgent, token: String? = "t") async throws -> (
    Caller, CallOutcome, [CallEvent]
  ) {
    let route = CallRoute(target: agent.target, token: token)
    let call = try PlacedCall(caller, over: route, loop: agent.group.nextLoop())
    var events: [CallEvent] = []
    for await news in call.news {
      switch news {
      case .event(let event, at: _): events.append(event)
      case .levels: break
      case .over(let caller, let outcome): return (caller, outcome, events)
      }
    }
    throw CancellationError()
  }

  @Test("Wire 2 to 4: a call is one RPC for each interaction, with token, tracking id and what identifies the call")
  func wholeCall() async throws {
    let agent = try LoopbackAgent()
    let settings = Self.settings {
      $0.agent = "2"
      $0.vendorConfiguration = "{}"
    }
    let steps: [CallStep] = [.speak(clip: 0), .press([.one, .two])]
    let (caller, outcome, _) = try await Self.hold(
      Caller(steps: steps, clips: [Self.clip], settings: settings), agent)
    let rpcs = agent.rpcs
    await agent.stop()

    #expect(outcome == .hungUp)
    #expect(caller.turns.map(\.kind) == [.greeting, .speech(clip: 0), .digits(count: 2)])
    #expect(caller.turns.allSatisfy { $0.result == .answered })
    #expect(caller.violations == [])

    let inputs = rpcs.map { $0.requests.map(\.input) }
    #expect(inputs.first == [.event(.init(.sessionStart))])
    #expect(inputs.contains([.event(.init(.startOfDTMF))]))
    #expect(inputs.contains([.dtmf([.one, .two])]))
    #expect(inputs.last == [.event(.init(.sessionEnd))])
    #expect(rpcs.allSatisfy { $0.metadata.values(for: "authorization") == ["Bearer t"] })
    #expect(Set(rpcs.flatMap { $0.metadata.values(for: "trackingid") }).count == 1)
    let requests = rpcs.flatMap(\.requests)
    #expect(requests.allSatisfy { $0.conversationID == "c-7" && $0.organizationID == "org-1" && $0.agentID == "2" })
    // All that is known of the call opens each RPC; the frames that follow are lean.
    #expect(rpcs.allSatisfy { $0.requests.first?.vendorConfiguration == "{}" })
    #expect(rpcs.allSatisfy { $0.requests.dropFirst().allSatisfy { $0.vendorConfiguration == nil } })
    let audio = requests.compactMap { request -> VoiceRequest.Audio? in
      if case .audio(let audio) = request.input { audio } else { nil }
    }
    #expect(audio.allSatisfy { $0.bytes.count == 160 && $0.encoding == .mulaw && $0.sampleRate == 8000 })
    let spoken = audio.map(\.bytes).filter { $0.contains { $0 != 0xFF } }
    #expect(spoken == Self.clip.frames.filter { $0.contains { $0 != 0xFF } })
  }

  @Test("What was heard lies where it was heard")
  func heard() async throws {
    let agent = try LoopbackAgent()
    let (caller, _, _) = try await Self.hold(
      Caller(steps: [.speak(clip: 0)], clips: [Self.clip], settings: Self.settings()), agent)
    await agent.stop()
    let samples = caller.timeline.samples(of: .agent)
    let greeting = try #require(caller.turns[0].firstAudio)
    let answer = try #require(caller.turns[1].firstAudio)
    #expect(samples.filter { $0 == 5000 }.count == 8 * 140)
    #expect(samples.firstIndex(of: 5000) == CallTimeline.position(greeting))
    #expect(samples[CallTimeline.position(answer)] == 5000)
    #expect(caller.timeline.heardWAV.count == 44 + 2 * max(samples.count, CallTimeline.position(caller.timeline.end)))
  }

  @Test("A refused token and a server that is not there are the call's outcome")
  func refused() async throws {
    let agent = try LoopbackAgent(refusal: RPCStatus(.unauthenticated, "unauthenticated"))
    let (_, outcome, _) = try await Self.hold(Caller(steps: [], clips: [], settings: Self.settings()), agent)
    #expect(
      outcome == .failed(CallError(.status(code: 16, message: "unauthenticated"), during: .sessionStart)))
    let call = try PlacedCall(
      Caller(steps: [], clips: [], settings: Self.settings()), over: CallRoute(target: "127.0.0.1:1", token: nil),
      loop: agent.group.nextLoop())
    for await case .over(_, .failed(let failure)) in call.news { #expect(failure.name == "UNAVAILABLE") }
    await agent.stop()
  }

  @Test("A call that is over is let go, with its connection")
  func release() async throws {
    let agent = try LoopbackAgent()
    weak var call: LiveCall?
    do {
      let placed = try PlacedCall(
        Caller(steps: [], clips: [], settings: Self.settings()), over: CallRoute(target: agent.target, token: "t"),
        loop: agent.group.nextLoop())
      call = placed.call
      for await _ in placed.news {}
    }
    // Its loop lets go of it, not this task.
    for _ in 0..<500 where call != nil { try await Task.sleep(for: .milliseconds(10)) }
    #expect(call == nil)
    await agent.stop()
  }

  @Test("Many calls at once are all held, counted and timed")
  func load() async throws {
    let agent = try LoopbackAgent()
    let run = try ReplayRun(
      ReplayLoad(.calls, stages: [LoadStage(level: 12, ramp: .milliseconds(100))], rounds: 2, callsPerChannel: 5),
      clips: [Self.clip, Self.clip], template: Self.settings { $0.keepsAudio = false },
      route: CallRoute(target: agent.target, token: "t"), loops: agent.group.loops)
    let (tally, wall) = await run.run()
    let rpcs = agent.rpcs
    await agent.stop()
    #expect(tally.calls == 12)
    #expect(tally.turns == 48)
    #expect(tally.errors == [:])
    #expect(tally.outcomes == ["hungUp": 12])
    #expect(tally.violations == [:])
    #expect(tally.times[.turnLatency]?.totalCount == 48)
    #expect(tally.times[.connect]?.totalCount == 12)
    let frames = rpcs.flatMap(\.requests).filter { if case .audio = $0.input { true } else { false } }
    // The last frames may have been under way when the server stopped to read.
    #expect(frames.count <= tally.framesSent)
    #expect(frames.count > tally.framesSent / 2)
    #expect(Set(rpcs.compactMap { $0.requests.first?.conversationID }).count == 12)
    #expect(wall > .seconds(1))
    #expect(run.progress.live == 0)
  }

  @Test("With a time limit calls are made anew until it is over, and end soon after")
  func timeLimit() async throws {
    let agent = try LoopbackAgent(refusal: RPCStatus(.resourceExhausted, "full"))
    let run = try ReplayRun(
      ReplayLoad(calls: 2, duration: .milliseconds(4300)), clips: [Self.clip], template: Self.settings(),
      route: CallRoute(target: agent.target, token: "t"), loops: agent.group.loops)
    let (tally, wall) = await run.run()
    await agent.stop()
    // A failed call is made anew after a second; a machine that is busy with other tests may let one pass.
    #expect(tally.calls > 2 && tally.calls <= 10)
    #expect(tally.errors == ["RESOURCE_EXHAUSTED": tally.calls])
    #expect(wall < .seconds(60))
  }

  @Test("Calls arrive at their rate, and the times of one that began late count from when it was due")
  func arrivals() async throws {
    let agent = try LoopbackAgent()
    let run = try ReplayRun(
      ReplayLoad(
        .arrivals(.steady, cap: 2), stages: [LoadStage(level: 10, duration: .milliseconds(400))], rounds: 1),
      clips: [Self.clip], template: Self.settings { $0.keepsAudio = false },
      route: CallRoute(target: agent.target, token: "t"), loops: agent.group.loops)
    let (tally, _) = await run.run()
    await agent.stop()
    // Two of the four are up until after the time is over.
    #expect(tally.calls == 2 && tally.callsLate >= 2 && tally.callsMissed == 2)
    #expect(tally.turns == 2 && tally.errors == [:])
    #expect(tally.times[.callDelay]?.totalCount == 4)
  }

  @Test("What began before the warm-up was over is in no figure")
  func warmUp() async throws {
    let agent = try LoopbackAgent()
    var load = ReplayLoad(calls: 2, duration: .milliseconds(2000))
    load.warmUp = .milliseconds(1000)
    let run = try ReplayRun(
      load, clips: [Self.clip], template: Self.settings { $0.keepsAudio = false },
      route: CallRoute(target: agent.target, token: "t"), loops: agent.group.loops)
    let (tally, _) = await run.run()
    let frames = agent.rpcs.flatMap(\.requests).count { if case .audio = $0.input { true } else { false } }
    await agent.stop()
    #expect(tally.calls == 2 && tally.turns > 0 && tally.errors == [:])
    // Both greetings were before.
    #expect(tally.times[.greeting] == nil && tally.times[.connect] == nil && tally.greetings == 0)
    #expect(tally.framesSent < frames)
  }
}
