public import BotEngine
public import YAMLReading

/// An engine that follows a dialogue written in YAML, kind `scripted`.
///
/// ```yaml
/// start: welcome                    # default: the first state
/// listen: {no_input_timeout: 8s}    # for all states that do not say otherwise
/// states:
///   welcome:
///     say:
///       - {play: welcome.wav, transcript: "Welcome to Example."}
///       - {text: "For opening hours press 1. For anything else, say what it is about."}
///     digits:
///       "1": hours
///       default: {say: {text: "That key does nothing."}, stay: true}
///     speech: {say: {play: one-moment.wav}, transfer: {summary: "Said what it is about."}}
///     no_input:
///       - {say: {text: "Are you there?"}, stay: true}
///       - {say: {text: "Good bye."}, end: true}
///   hours:
///     say: {text: "We are open from nine to five."}
///     then: {end: true}
/// ```
///
/// **States.** `states` holds up to 1,000 by their names: up to 64 letters, digits, `-` and `_`. A call begins in
/// `start`. Coming to a state, the bot says `say` and listens, unless the state has `then`: an action that follows at
/// once. Each state must be within reach, and states must not lead to one another by `then` for ever.
///
/// | key of a state | value |
/// | --- | --- |
/// | `say` | a prompt or a list of up to 16: `{play: FILE.wav}`, with its words as `transcript` if wished, or `{text: …}` |
/// | `digits` | an action for each entry of keys; `default` for entries that match none |
/// | `speech` | the action for anything the caller says; it is not transcribed |
/// | `no_input` | the action for silence, or a list for the first in a row, the second …; the last for all that follow |
/// | `events` | an action for each event of the flow designer by its name; `default` for the others |
/// | `attempts` | `{maximum: 3, then: ACTION}`: see below |
/// | `then` | the action that follows without an answer |
/// | `listen` | how the platform listens: see below |
/// | `sensitive` | `true`: what the caller says or keys here is not recorded, logged or kept |
/// | `digits_as` | a name: an entry that matches goes under it into the metadata of a later transfer. Not where `sensitive` |
///
/// **Keys** are written in quotes: `"1"`, `"0#"`; `?` stands for any key, `[2-4]` and `[15*]` for one of some, so `"????"`
/// is any four. Exact entries go first, then patterns in their order, then `default`.
///
/// **Actions** are the name of a state, or a group with `say`, if wished, and one of `goto: STATE`, `stay: true` (listen
/// again without the state's prompt), `transfer: true` or `transfer: {summary: TEXT, metadata: {NAME: VALUE}}`, and
/// `end: true`. What is said before a transfer or an end cannot be interrupted.
///
/// **Attempts.** Silences and entries that match no key are failures; the `maximum`th in a row in one state takes `then`
/// instead of its own action. Without `attempts`, the tenth transfers; and so does the 20th silence in a row anywhere.
/// A failure without an action repeats the state.
///
/// **Listening**: `mode` (`voice`, `digits`, `both`; otherwise as the state has `speech` and `digits`), `length` in keys
/// (1 to 64), `terminator` (a key), `inter_digit_timeout` (100ms to 60s), `no_input_timeout` (1s to 5m), `end_silence`
/// (100ms to 10s), `maximum_speech` (1s to 10m), `barge_in` (`true` or `false`), `expects` (`yes_no`, `digits`, `address`
/// or `free`: what the caller is asked to say, of so many digits as `length` says). A `listen` beside `states` is for all
/// of them, save for the mode.
///
/// **Sounds** are WAV files of up to 10 MB, mono, 8, 16, 24 or 48 kHz, 16-bit PCM, mu-law or A-law; paths are relative to
/// the script. They are read and converted once, when the engine is made. What is said until the caller is heard again
/// lasts at most 240 seconds. A script has at most 1 MiB; anchors, aliases and tags are refused.
///
/// **Another server** of a cluster that goes on with a call does so in the call's state, with its attempts, silences and
/// entries, if its script has a state of that name; else it begins anew. Entries stand in Redis meanwhile, but for those
/// of more than 12 keys, which could be a card's number: these do not go with a transfer from there.
public struct ScriptedEngine: BotEngine {
  /// The largest script, in bytes.
  public static let maximumScript = 1 << 20

  let dialogue: Dialogue

  /// None: keys and the limits of speech are enough.
  public var audioDelivery: CallerAudioDelivery { .none }

  /// Always: an answer that is dropped costs nothing.
  public var eagerEnds: EagerEnds { .always }

  /// A call goes on in its state, with what was counted and what goes with a transfer.
  public var resumes: Bool { true }

  /// Reads a script and its sounds. Blocks. Throws every mistake that is found, each with its line.
  public init(script path: String) throws(ConfigurationError) {
    let bytes = try ConfigurationError.read(
      path, maximum: Self.maximumScript, name: "the script", write: "write the path of a YAML file",
      shorten: "say less, or move texts into sounds")
    try self.init(text: bytes, path: path)
  }

  /// Reads a script's text as if it were in a file of this path, from whose folder its sounds are taken.
  init(text: [UInt8], path: String) throws(ConfigurationError) {
    let reading = ScriptReading(file: path)
    dialogue = try reading.read(text, of: path, name: "the script", write: "`states:` and the states beneath it") {
      var reader = DialogueReader(reading: reading)
      return reader.read($0)
    }
  }

  /// Holds one call.
  public func converse(_ call: BotCall) async throws {
    var dialogue = DialogueRun(dialogue)
    dialogue.goOn(from: call.info.kept)
    var run = EagerConversation(dialogue)
    for await event in call.eagerEvents {
      for command in run.answer(to: event) { call.send(command) }
    }
  }
}
