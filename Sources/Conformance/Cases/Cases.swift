import BotTestKit
import GRPCTransport
import ReplayKit
import WebexProtocol

/// One scripted conversation, or probe, and what is judged in it.
struct ConformanceCase: Sendable {
  let name: String
  /// Whether it is played over WebSocket too: as whole calls.
  var isForSockets = false
  /// Whether it is played over WebSocket only.
  var isForSocketsOnly = false
  let play: @Sendable (Bench) async throws -> [Judgement]

  init(_ name: String, _ play: @escaping @Sendable (Bench) async throws -> [Judgement]) {
    self.name = name
    self.play = play
  }

  static let all = conversations.map(\.overBothWires) + unusual + identity + services + sockets

  /// The same, played over WebSocket too.
  var overBothWires: Self {
    var both = self
    both.isForSockets = true
    return both
  }
}

// What every call does.
extension ConformanceCase {
  static let conversations: [ConformanceCase] = [
    ConformanceCase("greeting") { try await Judge.judgements(of: $0.call([])) },
    ConformanceCase("speech") { try await Judge.judgements(of: $0.call([.speak(clip: 0)])) },
    ConformanceCase("digits") { bench in try await Judge.judgements(of: bench.call([.press(bench.plan.keys)])) },
    ConformanceCase("no-input") { try await Judge.judgements(of: $0.call([.stayQuiet])) },
    ConformanceCase("event") {
      try await Judge.judgements(of: $0.call([.custom(name: "conformance", parameters: [:])]))
    },
    ConformanceCase("turns") { bench in
      try await Judge.judgements(of: bench.call([.speak(clip: 0), .press(bench.plan.keys), .speak(clip: 0)]))
    },
    ConformanceCase("barge-in") {
      let call = try await $0.call([.speak(clip: 0)]) { settings, _ in settings.bargeIn = .milliseconds(300) }
      let judged = Judge.judgements(of: call)
      guard !call.caller.turns.contains(where: \.bargedIn) else { return judged }
      return judged + [.skipped("barge-in.old-audio", "No prompt was long enough, or none may be interrupted.")]
    },
    ConformanceCase("keys over a prompt") { bench in
      let keys = bench.plan.keys
      return try await Judge.judgements(
        of: bench.call([.press(keys)]) { settings, _ in settings.bargeIn = .milliseconds(200) })
    },
    ConformanceCase("transfer") { bench in
      try await ending(bench, bench.plan.transfer, "transfer.event", "--transfer") {
        if case .transferred = $0 { true } else { false }
      }
    },
    ConformanceCase("end") { bench in
      try await ending(bench, bench.plan.end, "end.event", "--end") { $0 == .ended }
    },
  ]

  private static func ending(
    _ bench: Bench, _ cue: BotTestCue?, _ rule: String, _ option: String, is expected: (CallOutcome) -> Bool
  ) async throws -> [Judgement] {
    guard let cue else {
      let why = "Say what brings the bot to it: \(option) CUE."
      return [rule, "end.no-input-mode", "end.not-bargeable", "end.completes"].map { .skipped($0, why) }
    }
    let steps = cue.steps.compactMap { step -> CallStep? in
      switch step {
      case .keys(let keys): .press(keys)
      case .event(let name): .custom(name: name, parameters: [:])
      case .speech: nil
      }
    }
    let call = try await bench.call(steps) { settings, _ in settings.bargeIn = .seconds(60) }
    let judged = Judge.judgements(of: call)
    if expected(call.outcome) { return judged }
    if case .failed = call.outcome { return judged }
    return judged.filter { $0.rule != rule } + [.failed(rule, "The call ended so: \(call.outcome.text).", call.lines())]
  }
}

// What networks, restarts and the platform do to conversations.
extension ConformanceCase {
  static let unusual: [ConformanceCase] = [
    ConformanceCase("overlap") { bench in
      let id = RandomID.make()
      _ = await bench.event(.sessionStart, id)
      let silence = bench.audio([UInt8](repeating: 0xFF, count: 160), id)
      async let open = bench.run(
        Probe(path: CallRoute.path, metadata: bench.good, paced: [silence], silence: silence, patience: .seconds(4)))
      try await Task.sleep(for: .milliseconds(300))
      return judge("overlap.accepted", await bench.speech(id), and: await open)
    },
    ConformanceCase("cancel") { bench in
      let id = RandomID.make()
      _ = await bench.event(.sessionStart, id)
      let silence = bench.audio([UInt8](repeating: 0xFF, count: 160), id)
      _ = await bench.run(
        Probe(path: CallRoute.path, metadata: bench.good, silence: silence, cancel: .milliseconds(400)))
      return judge("cancel.survived", await bench.speech(id))
    },
    ConformanceCase("resume") { bench in judge("resume.accepted", await bench.speech(RandomID.make())) },
    ConformanceCase("start again") { bench in
      let id = RandomID.make()
      _ = await bench.event(.sessionStart, id)
      let again = await bench.event(.sessionStart, id)
      return [judge("start.repeated", again, again.status?.isOK == true)]
    },
    ConformanceCase("junk") { bench in
      let id = RandomID.make()
      _ = await bench.event(.sessionStart, id)
      let junk = [1, 15, 7, 3, 12].map { bench.audio([UInt8](repeating: 0x5A, count: $0), id) }
      return judge("audio.junk", await bench.speech(id, before: junk))
    },
    ConformanceCase("unstated format") { bench in
      let id = RandomID.make()
      _ = await bench.event(.sessionStart, id)
      return judge("audio.unstated", await bench.speech(id, isStated: false))
    },
    ConformanceCase("format stated once") { bench in
      let id = RandomID.make()
      _ = await bench.event(.sessionStart, id)
      return judge("audio.stated-once", await bench.speech(id, before: [bench.audio([], id)], isStated: false))
    },
    ConformanceCase("large pieces") { bench in
      let id = RandomID.make()
      _ = await bench.event(.sessionStart, id)
      return judge("audio.any-cut", await bench.speech(id, cut: 700))
    },
    ConformanceCase("huge message") { bench in
      let id = RandomID.make()
      _ = await bench.event(.sessionStart, id)
      let huge = bench.audio([UInt8](repeating: 0xFF, count: 5_000_000), id)
      _ = await bench.run(
        Probe(path: CallRoute.path, metadata: bench.good, opening: [huge], patience: .seconds(4)))
      let other = await bench.event(.sessionStart, RandomID.make())
      return [judge("audio.huge", other, other.isAnswered)]
    },
    ConformanceCase("empty RPC") { bench in
      let empty = await bench.run(Probe(path: CallRoute.path, metadata: bench.good, patience: .seconds(5)))
      return [judge("rpc.empty-ends", empty, empty.status != nil)]
    },
    ConformanceCase("ids") { bench in
      for count in [5, 64] {
        let id = String((RandomID.make() + RandomID.make()).filter { $0 != "-" }.prefix(count))
        let started = await bench.event(.sessionStart, id)
        guard started.isAnswered, started.status?.isOK == true else {
          return [
            .failed("conversation.any-id", "An id of \(count) characters got no greeting.", started.lines)
          ]
        }
      }
      return [.passed("conversation.any-id")]
    },
  ]

  /// Speech was heard, and the RPC is fine.
  private static func judge(_ rule: String, _ result: ProbeResult, and other: ProbeResult? = nil) -> [Judgement] {
    let isFine = result.has(.startOfInput) && result.isAnswered && result.status?.isOK == true
    // A server may end the older RPC, as long as it does so with OK.
    let otherIsFine = other?.status?.isOK ?? true
    let lines = (other?.lines ?? []) + result.lines
    return [isFine && otherIsFine ? .passed(rule) : .failed(rule, result.story(other), lines)]
  }

  static func judge(_ rule: String, _ result: ProbeResult, _ isFine: Bool) -> Judgement {
    isFine ? .passed(rule) : .failed(rule, result.story(nil), result.lines)
  }
}

extension ProbeResult {
  fileprivate func story(_ other: ProbeResult?) -> String {
    if let status = other?.status, !status.isOK { return "The RPC that was open ended with \(status)." }
    guard let status else { return "The RPC did not end in time." }
    guard status.isOK else { return "The RPC ended with \(status)." }
    if !isAnswered { return "There was no answer (\(responses.count) responses)." }
    return "The RPC ended with OK after \(responses.count) responses."
  }
}
