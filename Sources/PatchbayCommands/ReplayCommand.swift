import ArgumentParser
import ReplayKit
import YAMLReading

/// `patchbay replay`: load.
struct ReplayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Makes many calls from recordings, in real time, and says what the server was like.",
    discussion: """
      WAV files: each call speaks every file as a turn of its own, beginning with another one, and hangs up; with --turns \
      it does so several times. A folder of a recorded call (Docs/recorded-calls.md; `patchbay recording export --format \
      call` makes one), or a folder of such: calls do what was recorded, when it was recorded, and what the call expects of \
      the answers is counted: NOT_AS_EXPECTED is an error. With --calls each is played at least once. As the platform, it half-closes an audio RPC up to 50 ms after END_OF_INPUT, and reads every RPC \
      to its status: any but OK is an error.

      How many calls: --calls N holds N at once; with --duration a call that ends is made anew until then. --rate N \
      begins N calls a second for --duration, whether those before are over or not; at most --calls are up then, and a \
      call that finds so many up is late: the times connect and greeting count from when it was due, and what waits \
      when the time is over counts as missed. --ramp gets there evenly. --profile FILE has stages:

        stages:
          - {rate: 5, ramp: 30s, duration: 2m}     # or calls: 50, in all stages
          - {rate: 20, ramp: 4m, steps: 4, duration: 5m}

      --require says what has to be kept, and decides the exit code: a time with p50, p99.9 or any other percentile, \
      mean, max or count ('turn p99 < 900ms', 'greeting max <= 2s'), or a count or share ('errors < 0.1%', \
      'errors.UNAVAILABLE = 0', 'outcomes.failed < 1%', 'callsLate < 1%', 'turns > 1000'). The names are those of the \
      JSON; turn is turnLatency. Errors are a share of all greetings, turns and errors.

      --find-capacity tries loads, each for --ramp, --warm-up and --duration: twice as much each time (from --rate calls \
      a second, or else from --calls at once) until a --require is not kept, and then between. It says so where the \
      replayer itself was too slow to tell: where more than 1 % of its frames left 20 ms late or later.

      A caller whose call failed calls again later and later; one who is refused in a way that cannot heal (a token, an \
      organization or an agent that is not accepted) does not call again.

      With --json the last line on standard output is one object: calls, turns, framesSent, framesUnsent, lateFrames, \
      turnsCutShort, callsLate, callsMissed, errors by status, outcomes, violations, textPrompts, wallSeconds, verdict, \
      capacity, and the times callDelay, connect, greeting, startDelay, endDelay, turnLatency, answerAfterEnd and \
      pacingLag, each with count, mean, p50, p90, p99 and max in milliseconds. turnLatency is from the true end of speech \
      to the first audio of the answer, pacingLag how late the caller itself was.

      Exits with 1 if a --require is not kept; if there are more errors than --allow-errors and no --require is about \
      errors; and if no turn was exchanged at all.
      """)

  @Argument(help: ArgumentHelp("WAV files to speak, or folders of recorded calls.", valueName: "file or folder"))
  var files: [String]

  @OptionGroup var options: CallerOptions

  @Option(
    help: ArgumentHelp(
      "Calls at once; with --rate the most that are up (default 10000); with --find-capacity what is tried first.",
      valueName: "number"))
  var calls: Int?

  @Option(help: ArgumentHelp("Calls that are begun a second.", valueName: "calls"))
  var rate: Double?

  @Option(help: "How calls that are begun a second are spread: steady or poisson.")
  var arrivals: ArrivalSpread?

  @Option(help: ArgumentHelp("Another number makes other arrivals of --arrivals poisson.", valueName: "number"))
  var seed: UInt64?

  @Option(help: ArgumentHelp("Stages of load, in YAML.", valueName: "file"))
  var profile: String?

  @Option(
    help: ArgumentHelp("Time from the first call to the last, or until --rate is reached.", valueName: "seconds"))
  var ramp: Double?

  @Option(
    help: ArgumentHelp(
      "Go on until this long after the ramp. With --find-capacity each load, default 20.", valueName: "seconds"))
  var duration: Double?

  @Option(
    help: ArgumentHelp(
      "Leave out of all figures what began in this time at first; with --find-capacity after the ramp, default 5.",
      valueName: "seconds"))
  var warmUp: Double?

  @Option(
    help: ArgumentHelp(
      "How often each call speaks all files, or how often recorded calls are made.", valueName: "times"))
  var turns: Int?

  @Option(
    name: .customLong("require"), parsing: .singleValue,
    help: ArgumentHelp("What has to be kept, as 'turn p99 < 900ms'; may be repeated.", valueName: "requirement"),
    transform: { text in
      do throws(RequirementError) { return try Requirement(text) } catch { throw ValidationError("\(error)") }
    })
  var requirements: [Requirement] = []

  @Flag(help: "Look for the highest load that keeps every --require.")
  var findCapacity = false

  @Option(help: ArgumentHelp("How long --find-capacity may go on. Default: 900.", valueName: "seconds"))
  var within: Double?

  @Option(help: ArgumentHelp("Connections. Default: one for every 50 calls.", valueName: "number"))
  var channels: Int?

  @Option(help: ArgumentHelp("Threads that hold the calls.", valueName: "number"))
  var loops = 1

  @Option(help: ArgumentHelp("Errors that are still a success.", valueName: "number"))
  var allowErrors = 0

  @Option(
    help: ArgumentHelp(
      "A folder for index.html, a page that shows all of the run, and summary.json.", valueName: "folder"))
  var report: String?

  @Option(help: ArgumentHelp("The summary.json of another run, to be shown beside this one.", valueName: "file"))
  var compare: String?

  @Option(help: ArgumentHelp("Where to write the requirements and expectations as JUnit has them.", valueName: "file"))
  var junit: String?

  @Flag(help: "Print one JSON object when all calls are over.")
  var json = false

  /// The load in words.
  var loadText: String {
    var parts: [String] = []
    if let profile { parts.append("the stages of \(profile)") }
    if let rate { parts.append("\(rate) calls a second\(arrivals == .poisson ? ", as independent callers" : "")") }
    if let calls { parts.append(rate == nil ? "\(calls) calls at once" : "\(calls) calls at most") }
    if let ramp { parts.append("a ramp of \(ramp) s") }
    if let duration { parts.append("for \(duration) s") }
    if let turns { parts.append("\(turns) times each") }
    if let warmUp { parts.append("the first \(warmUp) s left out") }
    return parts.joined(separator: ", ")
  }

  func validate() throws {
    try checkRanges()
    try require(
      profile == nil || (rate == nil && ramp == nil && duration == nil),
      "--profile has rates, ramps and durations itself: leave --rate, --ramp and --duration out.")
    if findCapacity {
      try require(profile == nil, "Give --find-capacity or --profile, not both.")
      try require(
        !requirements.isEmpty,
        "--find-capacity needs a --require that tells what is enough, as 'turn p99 < 900ms'.")
      try require(rate != nil || turns == nil, "--turns goes with --rate; calls at once are made over and over.")
    } else {
      try require(within == nil, "--within goes with --find-capacity.")
      try require(
        calls != nil || rate != nil || profile != nil,
        "Say how many calls: --calls, --rate or --profile; or --find-capacity.")
      try require(rate == nil || duration != nil, "--rate needs a --duration.")
      try require(
        rate != nil || duration == nil || turns == nil,
        "Give --duration or --turns, not both; with --rate they go together.")
    }
    try require(arrivals == nil || rate != nil || profile != nil, "--arrivals goes with --rate.")
    try require(seed == nil || arrivals == .poisson, "--seed goes with --arrivals poisson.")
  }

  private func checkRanges() throws {
    try require(calls, in: 1...LoadProfile.maximumCalls, "--calls is 1 to \(LoadProfile.maximumCalls).")
    try require(
      rate.map({ $0 > 0 && $0 <= LoadProfile.maximumRate }) ?? true,
      "--rate is above 0 and at most \(Int(LoadProfile.maximumRate)) calls a second.")
    try require(ramp, in: 0...86_400, "--ramp is 0 to 86400 s.")
    try require(duration.map({ $0 > 0 && $0 <= 604_800 }) ?? true, "--duration is up to 604800 s.")
    try require(warmUp, in: 0...86_400, "--warm-up is 0 to 86400 s.")
    try require(within.map({ $0 > 0 && $0 <= 604_800 }) ?? true, "--within is up to 604800 s.")
    try require(turns, in: 1...10_000, "--turns is 1 to 10000.")
    try require(channels, in: 1...10_000, "--channels is 1 to 10000.")
    try require(
      (1...64).contains(loops) && (loops <= calls ?? loops || findCapacity),
      "--loops is 1 to 64, and not more than there are calls.")
    try require(requirements.count <= 100, "--require may be repeated up to 100 times.")
  }

  /// The load that is asked for.
  func load() throws -> ReplayLoad {
    var load: ReplayLoad
    if let profile {
      let stages = try ConfigurationFile.report { () throws(ConfigurationError) in try LoadProfile(file: profile) }
      if stages.isRate {
        load = ReplayLoad(arriving, stages: stages.stages, rounds: turns ?? 1)
      } else {
        guard calls == nil, turns == nil, arrivals == nil else {
          throw CommandError("\(profile) says how many calls are up: leave --calls, --turns and --arrivals out.")
        }
        load = ReplayLoad(.calls, stages: stages.stages, rounds: nil)
      }
    } else if let rate {
      load = ReplayLoad(
        arriving, stages: [LoadStage(level: rate, ramp: seconds(ramp), duration: seconds(duration))], rounds: turns ?? 1
      )
    } else {
      load = ReplayLoad(
        calls: calls ?? 1, ramp: seconds(ramp), rounds: turns ?? 1, duration: duration.map { seconds($0) })
    }
    load.warmUp = seconds(warmUp)
    load.channels = channels
    return load
  }

  /// Calls that are begun a second, as the options have them.
  var arriving: ReplayLoad.Drive {
    .arrivals(arrivals == .poisson ? .poisson(seed: seed ?? 1) : .steady, cap: calls ?? 10_000)
  }

  func seconds(_ time: Double?) -> Duration { .milliseconds(Int((time ?? 0) * 1000)) }
}

/// `--arrivals`
enum ArrivalSpread: String, ExpressibleByArgument, CaseIterable {
  case steady, poisson
}
