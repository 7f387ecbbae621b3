/// One message of a server over WebSocket: what it says, and which rules of the wire it breaks.
struct SocketSight: Sendable, Equatable {
  /// What it says.
  enum Content: Sendable, Equatable {
    /// `VOICE_VA_RESPONSE`.
    case response(Response)
    /// `ERROR`.
    case error(code: String, status: Int)
    /// `PING`.
    case ping
    /// `PONG`.
    case pong
    /// Nothing that can be read.
    case unreadable
  }

  /// What there is to know of a response.
  struct Response: Sendable, Equatable {
    /// `response_type`.
    var type: String
    /// The `event_type` of each output event.
    var events: [String] = []
    /// Bytes of audio of each prompt; a prompt of text has none.
    var audio: [Int] = []
    /// Whether there are prompts.
    var hasPrompts = false
    /// Whether it says how to listen.
    var hasInputMode = false

    /// A FINAL that is no mere boundary of a turn.
    var isAnswer: Bool {
      type == "FINAL"
        && (hasPrompts || hasInputMode || events.contains { ["SESSION_END", "TRANSFER_TO_AGENT"].contains($0) })
    }
  }

  /// A rule that it breaks, and how.
  struct Breach: Sendable, Equatable {
    var rule: String
    var seen: String
  }

  /// What it says.
  var content = Content.unreadable
  /// `seq`; 0 where there is none.
  var sequence = 0
  /// What it breaks.
  var breaches: [Breach] = []

  /// For people.
  var line: String {
    switch content {
    case .response(let response):
      let audio = response.audio.map { "prompt of \($0) bytes" }
      return (["\(response.type)"] + response.events + audio).joined(separator: ", ")
    case .error(let code, let status): return "ERROR \(code) \(status)"
    case .ping: return "PING \(sequence)"
    case .pong: return "PONG \(sequence)"
    case .unreadable: return "a message that cannot be read"
    }
  }

  mutating func breaks(_ rule: String, _ seen: String) { breaches.append(Breach(rule: rule, seen: seen)) }
}
