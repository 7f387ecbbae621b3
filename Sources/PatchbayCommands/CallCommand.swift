import ArgumentParser
import Foundation
import Locking
import ReplayKit
import WebexProtocol

/// `patchbay call`: one caller, as Webex would bring one.
struct CallCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "call",
    abstract: "Calls a server as Webex would, and shows what happens.",
    discussion: """
      After the greeting the caller says nothing for each --no-input, speaks each --audio, sends each --event, presses \
      each --digits, and hangs up; each is a turn of its own, which waits for the answer and for its prompt to be played.

      With --recorded the caller does what was recorded instead, when it was recorded; see Docs/recorded-calls.md.

      As the platform, it half-closes an audio RPC up to 50 ms after END_OF_INPUT, and reads every RPC to its status.

      Prompts that are text are for Webex's own voice: they are shown, and with --speak-text a voice of this machine \
      speaks them.

      Exits with 1 if the call fails, if an RPC ends otherwise than with OK, and if something was not done or not \
      answered: a sentence tells what.
      """)

  @OptionGroup var options: CallerOptions

  @Option(help: ArgumentHelp("A WAV file to speak; may be repeated.", valueName: "file.wav"))
  var audio: [String] = []

  @Option(help: ArgumentHelp("Keys to press as one entry: 0-9, A-D, * and #; may be repeated.", valueName: "keys"))
  var digits: [String] = []

  @Option(help: ArgumentHelp("An event of the flow to send; may be repeated.", valueName: "name"))
  var event: [String] = []

  @Flag(help: "Say nothing until the no-input timer fires; may be repeated.")
  var noInput: Int

  @Option(help: ArgumentHelp("The folder of a recorded call to make again.", valueName: "folder"))
  var recorded: String?

  @Flag(help: "Speak prompts that are text with flite or espeak-ng, where one of them is installed.")
  var speakText = false

  @Option(help: ArgumentHelp("Where to save what the caller heard, as a WAV file.", valueName: "file.wav"))
  var heard: String?

  @Flag(help: "Save both sides in --heard: the caller left, the agent right.")
  var stereo = false

  @Flag(help: "Print one JSON object when the call is over, and nothing else.")
  var json = false

  func validate() throws {
    for entry in digits where entry.contains(where: { DTMFKey($0) == nil }) {
      throw ValidationError("--digits takes the keys 0-9, A-D, * and #, not '\(entry)'.")
    }
    try require(
      recorded == nil || (audio.isEmpty && digits.isEmpty && event.isEmpty && noInput == 0),
      "--recorded says what the caller does: leave --audio, --digits, --event and --no-input out.")
    if stereo, heard == nil { throw ValidationError("--stereo goes with --heard FILE.") }
  }

  func run() async throws {
    let token = try options.token()
    let script = try recorded.map(options.recorded)
    let clips = try script?.clips ?? options.clips(audio)
    var settings = options.settings(token: token.text)
    settings.keepsAudio = true
    script?.adjust(&settings)
    var steps = script?.steps ?? Array(repeating: CallStep.stayQuiet, count: noInput)
    if script == nil { steps += clips.indices.map { .speak(clip: $0) } }
    steps += event.map { .custom(name: $0, parameters: [:]) }
    steps += digits.map { .press($0.compactMap { DTMFKey($0) }) }

    let voice = speakText ? LocalVoice() : nil
    if speakText, voice == nil {
      StandardError.write(
        "warning: there is neither flite nor espeak-ng to speak text with: it is shown (apt-get install flite)")
    }
    let loops = try CallerOptions.loops()
    let call = try PlacedCall(
      Caller(steps: steps, clips: clips, settings: settings), over: try options.route(token: token.text),
      loop: loops.nextLoop(), voice: voice?.speaking)
    let isInterrupted = Locked(false)
    let interruption = Interruption {
      isInterrupted.withLock { $0 = true }
      call.hangUp()
    }
    let screen = CallScreen(clips: clips.map(\.name), isQuiet: json)
    var end: (caller: Caller, outcome: CallOutcome)?
    for await news in call.news {
      screen.show(news)
      if case .over(let caller, let outcome) = news { end = (caller, outcome) }
    }
    interruption.end()
    await loops.shutdown()
    guard let end else { throw CommandError("The call ended without a word.") }

    if let heard {
      let wav = stereo ? end.caller.timeline.stereoWAV : end.caller.timeline.heardWAV
      do { try Data(wav).write(to: URL(fileURLWithPath: heard), options: .atomic) } catch {
        throw CommandError("\(heard) cannot be written: \(error.localizedDescription)")
      }
    }
    if json {
      print(try CallReport(end.caller, outcome: end.outcome).jsonLine)
    } else {
      screen.summarize(end.caller, heard: heard)
    }
    if let heard { Self.tellOfSilence(in: heard, end.caller, voice: voice) }
    if case .failed(let failure) = end.outcome {
      StandardError.write("The call failed: \("\(failure)".sentence)")
      if let advice = options.advice(token.source).sentence(failure) { StandardError.write(advice) }
      throw ExitCode.failure
    }
    for broken in end.caller.brokenRPCs { StandardError.write("The platform would not take this: \(broken).") }
    let verdict = CallVerdict(end.caller, outcome: end.outcome)
    let expected = script?.recorded?.expectations(end.caller).filter { !$0.isKept } ?? []
    let shortfalls =
      isInterrupted.withLock { $0 } ? [] : verdict.shortfalls + expected.map { "\($0.id.line): \($0.seen)." }
    for shortfall in shortfalls { StandardError.write(shortfall) }
    if !end.caller.brokenRPCs.isEmpty || !shortfalls.isEmpty { throw ExitCode.failure }
  }

  /// A recording that lacks what was said is not left without a word.
  private static func tellOfSilence(in file: String, _ caller: Caller, voice: LocalVoice?) {
    let silent = caller.textPrompts - caller.spokenTexts
    if silent > 0 {
      let remedy =
        voice.map { "\($0.name) could not speak it" }
        ?? "--speak-text has flite or espeak-ng speak it, where one is installed"
      let what = silent == 1 ? "1 prompt was" : "\(silent) prompts were"
      StandardError.write("note: \(what) text for Webex's own voice, and silence in \(file): \(remedy).")
    } else if !caller.timeline.samples(of: .agent).contains(where: { $0 != 0 }) {
      StandardError.write("note: \(file) is silence: the server sent no audio.")
    }
  }
}

/// What a person sees of a call.
private final class CallScreen {
  private let clips: [String]
  private let isQuiet: Bool
  private let isTerminal = isatty(STDOUT_FILENO) == 1
  private var hasMeter = false

  init(clips: [String], isQuiet: Bool) {
    self.clips = clips
    self.isQuiet = isQuiet
  }

  func show(_ news: CallNews) {
    guard !isQuiet else { return }
    switch news {
    case .event(let event, let time):
      clearMeter()
      print(event.line(at: time, clips: clips))
    case .levels(let caller, let agent, let time):
      guard isTerminal else { return }
      clearMeter()
      print(LevelMeter.line(caller: caller, agent: agent, at: time), terminator: "")
      hasMeter = true
    case .over: clearMeter()
    }
    fflush(nil)
  }

  func summarize(_ caller: Caller, heard: String?) {
    print("")
    for line in TurnTable.lines(caller.turns, clips: clips) { print(line) }
    print("(\(TurnTable.legend))")
    if caller.timeline.dropped > 0 { print("Audio beyond an hour was not kept.") }
    if let heard {
      print("Heard: \(heard), \(String(format: "%.1f", caller.timeline.end.inSeconds)) s")
    }
    fflush(nil)
  }

  /// The meter is redrawn in place, below the lines.
  private func clearMeter() {
    guard hasMeter else { return }
    print("\r\u{1B}[K", terminator: "")
    hasMeter = false
  }
}
