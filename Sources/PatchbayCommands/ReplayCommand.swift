import ArgumentParser
import Foundation
import Locking
import ReplayKit

/// `patchbay replay`: load.
struct ReplayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Makes many calls at once from recorded speech, in real time.",
    discussion: """
      Each call speaks every file as a turn of its own, beginning with another one, and hangs up; with --turns it does \
      so several times, with --duration over and over until that long after the last call was begun. As the platform, \
      it half-closes an audio RPC up to 50 ms after END_OF_INPUT, and reads every RPC to its status: any but OK is an \
      error.

      A caller whose call failed calls again later and later; one who is refused in a way that cannot heal (a token, an \
      organization or an agent that is not accepted) does not call again.

      With --json the last line on standard output is one object: calls, turns, framesSent, framesUnsent, turnsCutShort, \
      errors by status, outcomes, violations, textPrompts, wallSeconds, and the times connect, greeting, startDelay, endDelay, \
      turnLatency, answerAfterEnd and pacingLag, each with count, mean, p50, p90, p99 and max in milliseconds. \
      turnLatency is from the true end of speech to the first audio of the answer, pacingLag how late the caller itself \
      was.

      Exits with 1 if there are more errors than --allow-errors, and if no turn was exchanged at all.
      """)

  @Argument(help: "WAV files to speak.")
  var files: [String]

  @OptionGroup var options: CallerOptions

  @Option(help: "Concurrent calls.")
  var calls: Int

  @Option(help: ArgumentHelp("Time from the first call to the last.", valueName: "seconds"))
  var ramp = 0.0

  @Option(help: ArgumentHelp("Go on until this long after the last call was begun.", valueName: "seconds"))
  var duration: Double?

  @Option(help: ArgumentHelp("How often each call speaks all files.", valueName: "times"))
  var turns: Int?

  @Option(help: ArgumentHelp("Connections. Default: one for every 50 calls.", valueName: "number"))
  var channels: Int?

  @Option(help: ArgumentHelp("Threads that hold the calls.", valueName: "number"))
  var loops = 1

  @Option(help: ArgumentHelp("Errors that are still a success.", valueName: "number"))
  var allowErrors = 0

  @Option(help: ArgumentHelp("A folder for summary.json and a page with the distributions.", valueName: "folder"))
  var report: String?

  @Flag(help: "Print one JSON object when all calls are over.")
  var json = false

  func validate() throws {
    guard (1...100_000).contains(calls) else { throw ValidationError("--calls is 1 to 100000.") }
    guard (0...86_400).contains(ramp) else { throw ValidationError("--ramp is 0 to 86400 s.") }
    guard duration.map({ $0 > 0 && $0 <= 604_800 }) ?? true else {
      throw ValidationError("--duration is up to 604800 s.")
    }
    guard turns.map({ (1...10_000).contains($0) }) ?? true else { throw ValidationError("--turns is 1 to 10000.") }
    guard duration == nil || turns == nil else { throw ValidationError("Give --duration or --turns, not both.") }
    guard channels.map({ (1...10_000).contains($0) }) ?? true else {
      throw ValidationError("--channels is 1 to 10000.")
    }
    guard (1...64).contains(loops), loops <= calls else {
      throw ValidationError("--loops is 1 to 64, and not more than there are calls.")
    }
  }

  func run() async throws {
    let token = try options.token()
    let clips = try options.clips(files)
    let load = ReplayLoad(
      calls: calls, ramp: .milliseconds(Int(ramp * 1000)),
      length: duration.map { .time(.milliseconds(Int($0 * 1000))) } ?? .rounds(turns ?? 1),
      callsPerChannel: channels.map { (calls + $0 - 1) / $0 } ?? 50)
    let group = try CallerOptions.loops(loops)
    let run = try ReplayRun(
      load, clips: clips, template: options.settings(token: token.text), route: try options.route(token: token.text),
      loops: group.loops)
    let isInterrupted = Locked(false)
    let interruption = Interruption {
      isInterrupted.withLock { $0 = true }
      run.stop()
    }
    let progress = Task { await Self.showProgress(run, of: calls) }
    let result = await run.run()
    progress.cancel()
    await progress.value
    interruption.end()
    await group.shutdown()

    let report = ReplayReport(result.tally, wall: result.wall)
    if let folder = self.report { try write(report, result.tally, to: folder) }
    if json {
      print(try report.jsonLine)
    } else {
      for line in report.lines { print(line) }
    }
    let advice = options.advice(token.source)
    if let hopeless = run.progress.hopeless {
      StandardError.write("Stopped calling: \(hopeless), and the next call would be refused too.")
    }
    guard result.tally.errorCount > allowErrors else {
      guard report.turns == 0, report.errors.isEmpty, !isInterrupted.withLock({ $0 }) else { return }
      StandardError.write(nothingSaid(report))
      throw ExitCode.failure
    }
    let errors = report.errors.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    StandardError.write("\(result.tally.errorCount) errors: \(errors.joined(separator: ", "))")
    for (name, failure) in result.tally.failures.sorted(by: { $0.key < $1.key }).prefix(3) {
      StandardError.write("\(name), for one: \(failure).")
      if let advice = advice.sentence(failure) { StandardError.write(advice) }
    }
    if let undone = report.errors["NOT_DONE"] {
      StandardError.write(
        "Expected \(report.turns + undone) turns, \(report.turns) came: "
          + "the server transferred or ended calls before all was said."
      )
    }
    throw ExitCode.failure
  }

  /// What was expected, what came, and what to do.
  private func nothingSaid(_ report: ReplayReport) -> String {
    let ends = report.outcomes.filter { ["transferred", "ended"].contains($0.key) }.values.reduce(0, +)
    let expected = "Expected at least one turn of each of the \(calls) callers, none came"
    if ends > 0 { return "\(expected): the server transferred or ended \(ends) of \(report.calls) calls." }
    guard let duration else { return "\(expected): \(report.calls) calls were made." }
    return """
      \(expected): after \(duration) s they hung up, before the greeting was over. Give a longer --duration, or \
      --barge-in MS to speak into the greeting.
      """
  }

  /// A line on the terminal, redrawn in place; it goes to standard error, which `--json` leaves free.
  private static func showProgress(_ run: ReplayRun, of calls: Int) async {
    guard isatty(STDERR_FILENO) == 1 else { return }
    let begin = ContinuousClock.now
    while !Task.isCancelled {
      let line = run.progress.line(at: ContinuousClock.now - begin, of: calls)
      FileHandle.standardError.write(Data("\r\u{1B}[K\(line)".utf8))
      try? await Task.sleep(for: .milliseconds(500))
    }
    FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
  }

  private func write(_ report: ReplayReport, _ tally: ReplayTally, to folder: String) throws {
    let folder = URL(fileURLWithPath: folder, isDirectory: true)
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data((try report.jsonLine + "\n").utf8).write(
        to: folder.appendingPathComponent("summary.json"), options: .atomic)
      try Data(ReplayPlot.html(tally, report: report).utf8).write(
        to: folder.appendingPathComponent("index.html"), options: .atomic)
    } catch {
      throw CommandError("The report cannot be written to \(folder.path): \(error.localizedDescription)")
    }
  }
}
