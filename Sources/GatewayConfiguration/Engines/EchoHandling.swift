extension Configuration.Agent {
  /// `speech.echo`: what is done with the echo of the prompts on the caller's line.
  public enum EchoHandling: String, Sendable, CaseIterable {
    /// What is known of it is taken out of what the detector hears.
    case subtract
    /// The detector hears the line as it is, and is told that a prompt plays.
    case ignore
  }
}
