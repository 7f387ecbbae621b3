import AudioCodecs
import BotEngine
import Recordings
import WebexProtocol

// What is kept of a call, where it is to be recorded or traced. Digits and words are never kept, only that there were some.

extension Conversation {
  private var sinceBegin: Duration { loop.now - began }

  /// A response goes out: the agent's audio, and whether what the caller says next may be kept.
  ///
  /// Sensitive from the moment the bot says so, and until a response says that it is over: whichever is longer.
  func keep(_ response: VoiceResponse) {
    let now = sinceBegin
    recorder?.set(isSensitive: response.isInputSensitive || machine.isSensitive, now: now)
    for prompt in response.prompts {
      if let audio = prompt.audio, !audio.isEmpty {
        guard let mulaw = agent.conversation.mode == .chunk ? audio : try? WAVFile(parsing: audio).audio else {
          continue
        }
        recorder?.event(
          "prompt", now: now,
          numbers: ["length_ms": mulaw.count / 8, "may_be_interrupted": prompt.isBargeInEnabled ? 1 : 0])
        recorder?.agent(mulaw: mulaw, now: now)
        trace?.played(milliseconds: mulaw.count / 8, now: loop.now)
      } else if let text = prompt.text {
        recorder?.event("text_prompt", now: now, numbers: ["characters": text.count], text: text)
      }
    }
    guard let recorder else { return }
    for event in response.events where event.kind != .unspecified {
      recorder.event("sent", now: now, words: ["what": "\(event.kind)"])
    }
  }

  /// A filler goes out: heard like the agent's audio, and told apart from it.
  func keep(filler response: VoiceResponse, begins reason: FillerReason?) {
    guard let recorder else { return }
    let now = sinceBegin
    if let reason { recorder.event("filler", now: now, words: ["reason": reason.rawValue]) }
    for prompt in response.prompts { if let audio = prompt.audio { recorder.agent(mulaw: audio, now: now) } }
  }

  /// The bot says that what the caller says from now on is not to be kept.
  func recordSensitivity() {
    if machine.isSensitive { recorder?.set(isSensitive: true, now: sinceBegin) }
  }

  func record(_ event: CallerEvent) {
    guard let recorder else { return }
    let now = sinceBegin
    switch event {
    case .started: recorder.event("started", now: now)
    case .speechStarted: recorder.event("speech_started", now: now)
    case .speechEnded:
      recorder.event(
        "speech_ended", now: now, numbers: turnEnd?.silence.map { ["silence_ms": $0] } ?? [:],
        words: turnEnd.map { ["because": $0.because] } ?? [:])
    case .digits(let digits):
      recorder.event(
        "digits", now: now, numbers: ["count": digits.count], keys: digits)
    case .noInput: recorder.event("no_input", now: now)
    case .custom(let name, let parameters):
      recorder.event(
        "custom", now: now, numbers: ["parameters": parameters.count], words: ["name": String(name.prefix(200))])
    case .interrupted(let milliseconds, _):
      recorder.interrupted(now: now)
      recorder.event("interrupted", now: now, numbers: ["played_ms": milliseconds])
    case .audio, .mark: break
    case .ended(let end): recorder.event("ended", now: now, words: ["reason": end.rawValue])
    }
  }

  /// Something without measure.
  func record(_ event: String) { recorder?.event(event, now: sinceBegin) }

  /// A line of the transcript.
  func record(transcript speaker: BotSpeaker, _ text: String) {
    recorder?.event(
      "transcript", now: sinceBegin, numbers: ["characters": text.count], words: ["speaker": speaker.rawValue],
      text: text)
  }

  /// What was heard and played reaches the disk within a second, while nobody speaks too.
  func keepRecording() {
    guard let recorder else { return }
    recorder.elapsed(now: sinceBegin)
    // Held strongly: every conversation ends, and that cancels the timer.
    recordingTimer = loop.schedule(after: CallRecorder.beat) { self.keepRecording() }
  }

  func finishRecording() {
    recordingTimer?.cancel()
    recordingTimer = nil
    recorder?.finish(now: sinceBegin)
    recorder = nil
  }
}

// What the platform sent, so that it can be sent again: which RPCs there were, what came on them, and in which pieces.
extension Conversation {
  func record(opened interaction: Interaction) {
    recordedRPCs += 1
    interaction.traits.number = recordedRPCs
    recorder?.event("rpc_opened", now: sinceBegin, numbers: ["rpc": recordedRPCs])
  }

  func record(input name: String, on interaction: Interaction) {
    recorder?.event("received", now: sinceBegin, numbers: ["rpc": interaction.traits.number], words: ["what": name])
  }

  /// So many samples came at once.
  func record(piece samples: Int, on interaction: Interaction) {
    let rate = interaction.audio.sampleRate
    // Junk, and the messages that only tell the format, are no pieces of speech.
    guard samples * 1000 >= rate * Self.shortestPiece else { return }
    let length = samples * 1000 / rate
    if interaction.traits.pieces.count == 0 {
      recorder?.event(
        "audio_began", now: sinceBegin,
        numbers: ["rpc": interaction.traits.number, "piece_ms": length, "sample_rate": rate],
        words: ["encoding": interaction.audio.format.encoding.rawValue])
    }
    interaction.traits.pieces.add(milliseconds: length)
  }

  private static let shortestPiece = 5

  func record(halfClosed rpc: RecordedRPC) {
    var numbers = ["rpc": rpc.number]
    if rpc.pieces.count > 0 {
      numbers["pieces"] = rpc.pieces.count
      numbers["piece_ms"] = rpc.pieces.usual
      numbers["shortest_ms"] = rpc.pieces.shortest
      numbers["longest_ms"] = rpc.pieces.longest
    }
    recorder?.event("half_closed", now: sinceBegin, numbers: numbers)
  }

  /// The server's part of an RPC is over. Its status waits for the client's half-close, which is told when it has left.
  func record(ended interaction: Interaction) {
    recorder?.event("rpc_ended", now: sinceBegin, numbers: ["rpc": interaction.traits.number])
    if !interaction.traits.isHalfClosed { unclosedRPCs[interaction.id] = interaction.traits }
  }
}

extension VoiceRequest.Event.Kind {
  /// Its name in a timeline: the wire's.
  var recordedName: String {
    switch self {
    case .sessionStart: "SESSION_START"
    case .sessionEnd: "SESSION_END"
    case .noInput: "NO_INPUT"
    case .startOfDTMF: "START_OF_DTMF"
    case .custom: "CUSTOM_EVENT"
    case .unspecified, .unknown: "UNKNOWN"
    }
  }
}
