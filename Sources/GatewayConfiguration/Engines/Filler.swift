extension Configuration.Agent {
  /// `filler`: what a caller hears while the bot thinks, where it answers in chunks.
  public struct Filler: Sendable, Equatable {
    /// `sound`: a WAV file.
    public var sound = ""
    /// `after`: how long the bot may be silent until it is heard; without it, only where the bot asks.
    public var after: Duration?
    /// `repeat`: whether it begins anew at its end.
    public var repeats = false
  }
}

extension Configuration.Agent.Filler: KeyGroup {
  static var keys: [Key<Self>] {
    Key(
      "sound", \.sound, .file, "The path of a WAV file: a word, or a soft sound to repeat.",
      required: .example("one-moment.wav"))
    Key(
      "after", \.after, .duration(200.ms...1.min, example: 1500.ms),
      "The bot's silence after the caller's turn until it is heard; without it, only when the bot asks.")
    Key("repeat", \.repeats, .flag, "Whether it begins anew at its end.")
  }
}
