extension Configuration.Agent {
  /// `speech.barge_in`: what speech over a prompt does.
  public enum BargeIn: String, Sendable, CaseIterable {
    /// It ends the prompt.
    case stop
    /// It pauses the prompt, and ends it once the caller has spoken for long; where they stop before, the prompt goes on.
    case pause
  }
}
