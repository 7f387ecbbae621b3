import BotEngine

/// A dialogue as a script describes it: states, and what leads from one to another. ``ScriptedEngine`` tells the rules.
struct Dialogue: Sendable {
  /// The states; steps name them by their place here. Not empty.
  var states: [State]
  /// Where a call begins.
  var start: Int

  /// A place in the dialogue: what is said, how the caller is listened to, where their answer leads.
  struct State: Sendable {
    var name = ""
    var say: [Prompt] = []
    /// Whether the caller may interrupt what is said here.
    var bargeIn = true
    var listening = BotInputSettings()
    var isSensitive = false
    /// The name under which an entry of this state goes with a transfer.
    var digitsName: String?
    /// In the order of precedence.
    var digits: [(pattern: DigitPattern, action: Action)] = []
    var otherDigits: Action?
    var speech: Action?
    /// For the first silence in a row, the second, and so on; the last for all that follow.
    var silences: [Action] = []
    var events: [String: Action] = [:]
    var otherEvents: Action?
    var maximumAttempts = Dialogue.defaultAttempts
    var afterAttempts = Action(step: .transfer(summary: nil, metadata: [:]))
    /// What follows without an answer of the caller's.
    var then: Action?
  }

  /// Something to say.
  enum Prompt: Sendable {
    /// Mu-law at 8,000 Hz, and its words where the script tells them.
    case audio([UInt8], transcript: String?)
    /// For the platform's text to speech.
    case text(String)
  }

  /// What to say and where to go.
  struct Action: Sendable {
    var say: [Prompt] = []
    var step: Step
  }

  /// Where to go.
  enum Step: Sendable {
    case goto(Int)
    /// Listen again in the same state, without its prompt.
    case stay
    case transfer(summary: String?, metadata: [String: BotValue])
    case end
  }

  /// Failures in a state after which the caller is transferred where the script names no number.
  static let defaultAttempts = 10

  /// Silences in a row over the whole call after which the caller is transferred: a bound on calls without a caller.
  static let maximumSilences = 20

  /// The longest answer that the gateway plays whole, in bytes of mu-law at 8,000 Hz: 240 seconds.
  static let maximumAnswer = 240 * 8000
}

extension [Dialogue.Prompt] {
  /// Bytes of audio.
  var audioBytes: Int {
    reduce(0) { sum, prompt in
      if case .audio(let audio, _) = prompt { sum + audio.count } else { sum }
    }
  }
}
