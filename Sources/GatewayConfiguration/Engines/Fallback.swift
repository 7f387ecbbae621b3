extension Configuration.Agent {
  /// `fallback`: what a caller is given whose bot has failed. Without prompt and text the voice in the binary says sorry.
  public struct Fallback: Sendable, Equatable {
    /// `prompt`: a WAV file that is played.
    public var prompt: String?
    /// `text`: spoken by the platform, where there is no prompt.
    public var text: String?
    /// `then`.
    public var then = Ending.transfer

    /// `then`.
    public enum Ending: String, Sendable, CaseIterable {
      /// The caller is handed to a human agent.
      case transfer
      /// The call ends.
      case end
    }
  }
}

extension Configuration.Agent.Fallback: KeyGroup {
  static var keys: [Key<Self>] {
    Key("prompt", \.prompt, .file, "The path of a WAV file to play.")
    Key("text", \.text, .text(1_024), "A text for the platform to speak, if there is no prompt.")
    Key("then", \.then, .choice, "Transfers the caller to a human agent, or ends the call.")
  }

  func check(_ section: Section) {
    if prompt != nil, text != nil { section.reportBoth("prompt", "text") }
  }
}
