import AdminServer
import ArgumentParser
import Basics
import Foundation
import GRPCTransport
import Locking
import ReplayKit

extension ReplayCommand {
  func run() async throws {
    let token = try options.token()
    let other = try compare.map(Self.read)
    let group = try CallerOptions.loops(loops)
    let caller = LoadCaller(
      scripts: try options.scripts(files), settings: options.settings(token: token.text),
      route: try options.route(token: token.text), loops: group.loops, samples: report == nil ? 0 : 5)
    let began = Date()
    var result: LoadResult
    do {
      result = try await findCapacity ? capacity(caller) : single(caller)
    } catch {
      await group.shutdown()
      throw error
    }
    await group.shutdown()
    result.report.about = .init(
      target: options.target, began: began, command: CommandLine.arguments, load: loadText,
      played: caller.scripts.map(\.name), isReplayerLate: result.tally.isReplayerLate)
    if let folder = report { try write(result, beside: other, to: folder) }
    if let junit { try Self.write(Array(result.report.junit.utf8), to: URL(fileURLWithPath: junit)) }
    if json {
      print(try result.report.jsonLine)
    } else {
      for line in result.report.lines + (other.map(result.report.lines(beside:)) ?? []) { print(line) }
    }
    try judge(result, advice: options.advice(token.source))
  }

  private func single(_ caller: LoadCaller) async throws -> LoadResult {
    var load = try load()
    let recorded = caller.scripts.count { $0.recorded != nil }
    if recorded > 0 { load.callsEach = (recorded + load.mostCalls - 1) / load.mostCalls * (turns ?? 1) }
    let run = try await caller.call(load)
    var report = ReplayReport(run.tally, wall: run.wall)
    report.verdict = ReplayVerdict(
      requirements, allowedErrors: allowErrors, needsTurn: !run.isInterrupted, on: run.tally, wall: run.wall)
    return LoadResult(report: report, tally: run.tally, hopeless: run.hopeless, samples: run.samples)
  }

  /// Runs at one load after the other.
  private func capacity(_ caller: LoadCaller) async throws -> LoadResult {
    let times = (ramp: seconds(ramp ?? 5), warmUp: seconds(warmUp ?? 5), duration: seconds(duration ?? 20))
    let isRate = rate != nil
    let search =
      isRate
      ? CapacitySearch(first: rate ?? 1, most: LoadProfile.maximumRate, grain: 0.1)
      : CapacitySearch(first: Double(calls ?? 10), most: Double(LoadProfile.maximumCalls))
    let finder = CapacityFinder(
      search, unit: isRate ? "calls a second" : "calls", requirements: requirements, allowedErrors: allowErrors,
      stepTime: times.ramp + times.warmUp + times.duration, limit: seconds(within ?? 900))
    var lastTally: (tally: ReplayTally, wall: Duration, hopeless: CallError?)?
    var samples: [CallSample] = []
    let (found, best) = try await finder.find { level in
      var load = ReplayLoad(
        isRate ? arriving : .calls,
        stages: [LoadStage(level: level, ramp: times.ramp, duration: times.warmUp + times.duration)],
        rounds: isRate ? turns ?? 1 : nil, warmUp: times.ramp + times.warmUp)
      load.channels = channels
      let run = try await caller.call(load)
      lastTally = (run.tally, run.wall, run.hopeless)
      samples = run.samples
      return run.isInterrupted ? nil : (run.tally, run.wall)
    } onStep: { step in
      StandardError.write(step.line(finder.unit))
    }
    let shown = best ?? lastTally.map { ($0.tally, $0.wall) } ?? (ReplayTally(), .zero)
    var report = ReplayReport(shown.0, wall: shown.1)
    report.verdict = ReplayVerdict(requirements, allowedErrors: allowErrors, on: shown.0, wall: shown.1)
    report.capacity = found
    return LoadResult(
      report: report, tally: shown.0, hopeless: found.highest == nil ? lastTally?.hopeless : nil, samples: samples)
  }

  /// Says what went wrong and what to do, and fails then.
  private func judge(_ result: LoadResult, advice: CallAdvice) throws {
    if let hopeless = result.hopeless {
      StandardError.write("Stopped calling: \(hopeless), and the next call would be refused too.")
    }
    if result.tally.isReplayerLate {
      StandardError.write(
        """
        warning: the replayer itself was too slow: \(result.tally.lateFrames) of \(result.tally.framesSent) frames left \
        20 ms late or later, and every time has that in it. Give it more --loops, or a machine of its own.
        """)
    }
    guard result.report.verdict?.isPassed != true || (findCapacity && result.report.capacity?.highest == nil) else {
      return
    }
    if json { for line in result.report.verdict?.lines ?? [] { StandardError.write(line) } }
    tellErrors(result, advice: advice)
    throw ExitCode.failure
  }

  private func tellErrors(_ result: LoadResult, advice: CallAdvice) {
    let report = result.report
    guard result.tally.errorCount > 0 else {
      if report.turns == 0 { StandardError.write(nothingSaid(report)) }
      return
    }
    let errors = report.errors.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    StandardError.write("\(result.tally.errorCount) errors: \(errors.joined(separator: ", "))")
    for (name, failure) in result.tally.failures.sorted(by: { $0.key < $1.key }).prefix(3) {
      StandardError.write("\(name), for one: \(failure).")
      if let advice = advice.sentence(failure) { StandardError.write(advice) }
    }
    for (id, count) in result.tally.expectations.sorted(by: { $0.key < $1.key }) where count.failed > 0 {
      StandardError.write(
        "\(id.line): not so in \(count.failed) of \(count.kept + count.failed) calls, for one: \(count.seen ?? "").")
    }
    if let undone = report.errors["NOT_DONE"] {
      StandardError.write(
        "Expected \(report.turns + undone) turns, \(report.turns) came: "
          + "the server transferred or ended calls before all was said."
      )
    }
  }

  /// What was expected, what came, and what to do.
  private func nothingSaid(_ report: ReplayReport) -> String {
    let ends = report.outcomes.filter { ["transferred", "ended"].contains($0.key) }.values.reduce(0, +)
    let callers = rate == nil ? calls.map { "each of the \($0) callers" } ?? "all callers" : "all callers"
    let expected = "Expected at least one turn of \(callers), none came"
    if ends > 0 { return "\(expected): the server transferred or ended \(ends) of \(report.calls) calls." }
    guard let duration, rate == nil else { return "\(expected): \(report.calls) calls were made." }
    return """
      \(expected): after \(duration) s they hung up, before the greeting was over. Give a longer --duration, or \
      --barge-in MS to speak into the greeting.
      """
  }

  private func write(_ result: LoadResult, beside other: ReplayReport?, to folder: String) throws {
    let folder = URL(fileURLWithPath: folder, isDirectory: true)
    var report = result.report
    report.addDetails(result.tally)
    do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
      throw CommandError("The report cannot be written to \(folder.path): \(error.localizedDescription)")
    }
    try Self.write(Array((try report.jsonLine + "\n").utf8), to: folder.appendingPathComponent("summary.json"))
    let page = try ReplayPage.html(report, beside: other, samples: result.samples, charts: ChartLibrary.script)
    try Self.write(Array(page.utf8), to: folder.appendingPathComponent("index.html"))
  }

  private static func write(_ bytes: [UInt8], to file: URL) throws {
    do { try Data(bytes).write(to: file, options: .atomic) } catch {
      throw CommandError("\(file.path) cannot be written: \(error.localizedDescription)")
    }
  }

  /// Another run's `summary.json`, or what `--json` wrote of it.
  private static func read(_ file: String) throws -> ReplayReport {
    let bytes = try BoundedFile.read(file, maximum: 16 << 20, allowsPipes: true)
    do { return try ReplayReport(json: bytes) } catch {
      throw CommandError(
        "\(file) is no summary.json of `patchbay replay`: name the file in the folder of its --report.")
    }
  }
}

/// What is shown of a run, or of the best run of many.
private struct LoadResult {
  var report: ReplayReport
  var tally: ReplayTally
  var hopeless: CallError?
  var samples: [CallSample]
}

/// Who calls whom, for any load.
private struct LoadCaller {
  /// What a load came to.
  struct Run {
    var tally: ReplayTally
    var wall: Duration
    var hopeless: CallError?
    var isInterrupted: Bool
    var samples: [CallSample]
  }

  let scripts: [CallScript]
  let settings: CallerSettings
  let route: CallRoute
  let loops: [EventLoop]
  /// Calls that are kept to be looked at.
  let samples: Int

  /// Makes the calls of a load, telling how far it is. The interrupt key has the calls hang up.
  func call(_ load: ReplayLoad) async throws -> Run {
    let run = try ReplayRun(load, scripts: scripts, template: settings, route: route, loops: loops, samples: samples)
    let isInterrupted = Locked(false)
    let interruption = Interruption {
      isInterrupted.withLock { $0 = true }
      run.stop()
    }
    let progress = Task { await Self.showProgress(run) }
    let result = await run.run()
    progress.cancel()
    await progress.value
    interruption.end()
    return Run(
      tally: result.tally, wall: result.wall, hopeless: run.progress.hopeless,
      isInterrupted: isInterrupted.withLock { $0 }, samples: run.samples)
  }

  /// A line on standard error, which `--json` leaves free: redrawn in place on a terminal, every ten seconds elsewhere.
  private static func showProgress(_ run: ReplayRun) async {
    let isTerminal = isatty(STDERR_FILENO) == 1
    let begin = ContinuousClock.now
    while true {
      do { try await Task.sleep(for: isTerminal ? .milliseconds(500) : .seconds(10)) } catch { break }
      let line = run.progress.line(at: ContinuousClock.now - begin)
      FileHandle.standardError.write(Data((isTerminal ? "\r\u{1B}[K\(line)" : "\(line)\n").utf8))
    }
    if isTerminal { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
  }
}
