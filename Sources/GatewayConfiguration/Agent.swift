extension Configuration {
  /// An entry of `agents`.
  public struct Agent: Sendable, Equatable {
    /// `id` by which Webex asks for it: 1 to 64 of letters, digits, `.`, `_`, `-`, and not digits only, which would be
    /// taken for a place in the list.
    public var id: String
    /// `name` for people; default the id.
    public var name: String
    /// `default`: whether it answers where no agent is named. Exactly one agent has it: the first, where none is said.
    public var isDefault: Bool
    /// `tenants`: the organizations that may use it, in lower case; empty means all.
    public var tenants: [String]
    /// `responses`: how audio is sent.
    public var responses: Responses
    /// `engine`: the bot.
    public var engine: Engine
    /// `fallback`: what the caller is given where the bot fails.
    public var fallback: Fallback
    /// `speech`: when the caller's turn begins and ends.
    public var speech: Speech
    /// `audio`: what the caller's audio is where the platform does not say.
    public var audio: Audio
    /// `recorded`: whether its calls are recorded; default what the tenant's `recording.enabled` says.
    public var isRecorded: Bool?

    /// How answers are sent.
    public enum Responses: String, Sendable, CaseIterable {
      /// One response with complete WAV files.
      case wav
      /// Raw audio, chunk by chunk, as it comes.
      case chunk
    }

    /// `speech`.
    public struct Speech: Sendable, Equatable {
      /// `minimum_speech`: sound shorter than this is not speech; 10 ms to 2 s, default 100 ms.
      public var minimumSpeech: Duration
      /// `minimum_barge_in`: the same while an interruptible prompt plays; 10 ms to 5 s, default 300 ms.
      public var minimumBargeIn: Duration
      /// `end_silence`: silence that ends the turn; 100 ms to 10 s, default 700 ms.
      public var endSilence: Duration
      /// `preroll`: audio from before the start of speech that the bot is given; 0 to 2 s, default 400 ms.
      public var preroll: Duration
      /// `maximum_utterance`: a turn is ended after this; 1 s to 10 min, default 60 s.
      public var maximumUtterance: Duration

      /// The defaults.
      public static let standard = Speech(
        minimumSpeech: .milliseconds(100), minimumBargeIn: .milliseconds(300), endSilence: .milliseconds(700),
        preroll: .milliseconds(400), maximumUtterance: .seconds(60))
    }

    /// `audio`.
    public struct Audio: Sendable, Equatable {
      /// `default_encoding`.
      public enum Encoding: String, Sendable, CaseIterable {
        /// G.711 mu-law.
        case mulaw
        /// G.711 A-law.
        case alaw
        /// 16-bit linear PCM, little-endian.
        case linear16
      }

      /// `default_encoding` where the platform states none; default mulaw.
      public var defaultEncoding: Encoding
      /// `default_rate` where the platform states none: 8,000, 16,000, 24,000 or 48,000 samples a second; default
      /// 8,000.
      public var defaultRate: Int

      /// The defaults.
      public static let standard = Audio(defaultEncoding: .mulaw, defaultRate: 8_000)
    }
  }
}
