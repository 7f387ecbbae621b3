import AudioCodecs
import BotEngines
import ReplayKit
import YAMLReading

extension ConformanceCase {
  /// Plays a scenario: it is judged by all rules that it shows, and by what it expects.
  init(_ scenario: ConformanceScenario, format: AudioFormat) throws {
    let folder = scenario.file.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    let script = try CallFolder.script(
      of: scenario.call, in: folder.isEmpty ? "." : folder.joined(separator: "/"), file: scenario.file, format: format,
      standIn: AudioEncoding.mulaw.decode(try CallerVoice.sentence()))
    self.init(scenario.caseName) { bench in
      let wire: ConformanceScenario.Wire = bench.isSocket ? .websocket : .grpc
      guard scenario.wires.contains(wire) else {
        return scenario.rules.map { .skipped($0.id, "The scenario is not for this wire.") }
      }
      let call = try await bench.hold(script.steps, clips: script.clips, limit: script.limit) { settings, _ in
        script.adjust(&settings)
        if let agent = scenario.agent { settings.agent = agent }
        if let vendor = scenario.vendorConfiguration { settings.vendorConfiguration = vendor }
        settings.additionalInfo.merge(scenario.info) { $1 }
      }
      return Judge.judgements(of: call) + scenario.judgements(of: call)
    }
    isForSockets = true
  }
}

extension CallScript {
  /// When a call that goes on is broken off: twice what the caller does, and half a minute for each answer.
  fileprivate var limit: Duration {
    let spoken = clips.reduce(Duration.zero) { $0 + $1.length }
    let waited = steps.reduce(Duration.zero) { sum, step in if case .wait(let time) = step { sum + time } else { sum } }
    let paused = (recorded?.turns ?? []).reduce(Duration.zero) { sum, turn in
      switch turn.time.begin {
      case .afterPrompt(let time)?, .overPrompt(let time)?: sum + time
      case nil: sum
      }
    }
    return (spoken + waited + paused) * 2 + .seconds(30) * (steps.count + 1)
  }
}
