public import WebexProtocol

/// Something that happens in a call, for a person who watches it.
public enum CallEvent: Sendable, Equatable {
  /// The conversation is asked for.
  case sessionStart
  /// The platform listens: an audio RPC is open.
  case listening
  /// The caller begins to speak a clip, which takes this long; over a prompt or not.
  case speaks(clip: Int, length: Duration, overPrompt: Bool)
  /// The clip is over, all of it was sent.
  case spoke(clip: Int)
  /// The caller presses keys, over a prompt or not.
  case presses([DTMFKey], overPrompt: Bool)
  /// Keys that the server did not ask for, and that nobody collects.
  case uncollectedKeys([DTMFKey])
  /// The caller speaks, but the server takes digits only.
  case uncollectedSpeech
  /// Neither speech nor keys in time.
  case noInput
  /// An event of the flow.
  case custom(name: String)
  /// The caller hangs up.
  case hangsUp
  /// The caller is gone.
  case vanishes
  /// START_OF_INPUT, so long after the true start of speech.
  case startOfInput(after: Duration?)
  /// END_OF_INPUT, so long after the true end of speech.
  case endOfInput(after: Duration?)
  /// A prompt begins to play. The length of a chunk's prompt is not known before its end.
  case promptBegins(length: Duration?, isBargeInEnabled: Bool)
  /// Text for the platform's text to speech, which nobody spoke.
  case promptText(String)
  /// Text for the platform's text to speech, which a local voice speaks.
  case promptSpoken(String, length: Duration)
  /// The prompt that came in chunks is complete.
  case chunksComplete(count: Int, length: Duration)
  /// Chunks came too late: the caller heard nothing for so long in the middle of a prompt.
  case gap(Duration)
  /// All prompts have been played.
  case promptsEnd
  /// Prompts are cut; this much of them was not heard.
  case promptsCut(unheard: Duration)
  /// An answer is complete, and how the server wants to be answered.
  case answer(InputMode?, isInputSensitive: Bool)
  /// An event for the flow.
  case outputEvent(VoiceResponse.Event.Kind, name: String?)
  /// The server hands the caller to a human agent.
  case transfer(summary: String?)
  /// The server ends the call.
  case sessionEnd
  /// The server did something the platform does not allow or might not take.
  case violation(WireViolation)
  /// An RPC broke after all that was to be heard on it.
  case broken(CallError)
  /// The call is over.
  case over(CallOutcome)
}

/// A rule of the platform that a server did not keep.
public enum WireViolation: Sendable, Hashable {
  /// START_OF_INPUT twice in one RPC.
  case startOfInputTwice
  /// END_OF_INPUT twice in one RPC.
  case endOfInputTwice
  /// END_OF_INPUT without START_OF_INPUT.
  case endWithoutStart
  /// START_OF_INPUT of type CHUNK.
  case startOfInputAsChunk
  /// A second FINAL with an answer in one RPC.
  case secondAnswer
  /// A CHUNK after the FINAL.
  case chunkAfterFinal
  /// A chunk of so many bytes, fewer than 100 or more than 65,536.
  case chunkSize(Int)
  /// A WAV file in a CHUNK.
  case chunkWithHeader
  /// A FINAL after chunks that is not one prompt with present and empty audio.
  case lastChunkNotEmpty
  /// A FINAL whose audio is no WAV file, and why.
  case promptNotWAV(String)
  /// A prompt with both text and audio.
  case textBesideAudio
  /// Chunks after WAV files in one call, or the other way round.
  case modeChanged
  /// An answer that goes on without saying how to listen.
  case noInputMode
  /// An answer that ends the call and says how to listen.
  case inputModeAtEnd
  /// An announcement before the end that may be interrupted.
  case bargeableAtEnd
  /// A response to START_OF_DTMF, or START_OF_INPUT without audio.
  case unexpectedResponse
  /// An RPC left open after the answer that ends the call.
  case notCompletedAtEnd
}

extension WireViolation: CustomStringConvertible {
  /// What happened, and what the rule is.
  public var description: String {
    switch self {
    case .startOfInputTwice: "START_OF_INPUT came twice in one RPC; once per turn"
    case .endOfInputTwice: "END_OF_INPUT came twice in one RPC; once per turn"
    case .endWithoutStart: "END_OF_INPUT came without START_OF_INPUT"
    case .startOfInputAsChunk: "START_OF_INPUT came as CHUNK; it has to be FINAL, or the caller's audio stops"
    case .secondAnswer: "a second FINAL with an answer came in one RPC; one is allowed"
    case .chunkAfterFinal: "a CHUNK came after the FINAL"
    case .chunkSize(let size): "a chunk of \(size) bytes; 100 to 65536 are allowed"
    case .chunkWithHeader: "a chunk holds a WAV file; chunks are raw mu-law"
    case .lastChunkNotEmpty: "the FINAL after chunks has to hold one prompt whose audio is present and empty"
    case .promptNotWAV(let why): "a prompt of a FINAL is no WAV file: \(why)"
    case .textBesideAudio: "a prompt has text beside audio; the platform may speak it too"
    case .modeChanged: "the response mode changed between WAV and CHUNK during the call"
    case .noInputMode: "an answer that goes on with the call lacks input_mode or input_handling_config"
    case .inputModeAtEnd: "an answer that ends or transfers the call carries input_mode or input_handling_config"
    case .bargeableAtEnd: "an announcement before a transfer or an end may be interrupted; it may not be bargeable"
    case .unexpectedResponse: "a response came where none is expected"
    case .notCompletedAtEnd: "the RPC was not completed after the answer that ends or transfers the call"
    }
  }
}
