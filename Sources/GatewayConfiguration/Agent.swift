public import AudioCodecs
public import WebexProtocol

extension Configuration {
  /// An entry of `agents`.
  public struct Agent: Sendable, Equatable {
    /// `id` by which Webex asks for it: 1 to 64 of letters, digits, `.`, `_`, `-`, and not digits only, which would be
    /// taken for a place in the list.
    public var id = ""
    /// `name` for people; default the id.
    public var name = ""
    /// `default`: whether it answers where no agent is named. Exactly one agent has it: the first, where none is said.
    public var isDefault = false
    /// `tenants`: the organizations that may use it, in lower case; empty means all.
    public var tenants: [String] = []
    /// `responses`: how audio is sent.
    public var responses = ResponseMode.wav
    /// `engine`: the bot.
    public var engine = Engine.demo
    /// `fallback`: what the caller is given where the bot fails.
    public var fallback = Fallback()
    /// `filler`: what the caller hears while the bot thinks.
    public var filler: Filler?
    /// `speech`: when the caller's turn begins and ends.
    public var speech = Speech()
    /// `audio`: what the caller's audio is where the platform does not say.
    public var defaultFormat = AudioFormat.telephone
    /// `eager`: whether the bot is told that the caller's turn may be over; default as its engine has it.
    public var isEager: Bool?
    /// `recorded`: whether its calls are recorded; default what the tenant's `recording.enabled` says.
    public var isRecorded: Bool?

    /// `speech`.
    public struct Speech: Sendable, Equatable {
      /// `minimum_speech`: sound shorter than this is not speech.
      public var minimumSpeech: Duration = 100.ms
      /// `minimum_barge_in`: the same while an interruptible prompt plays.
      public var minimumBargeIn: Duration = 300.ms
      /// `barge_in`: what speech over a prompt does.
      public var bargeIn = BargeIn.stop
      /// `pause_ahead`: how much of a prompt is sent ahead where it may be paused.
      public var pauseAhead: Duration = 400.ms
      /// `pause_limit`: speech of this length ends a prompt that it has paused.
      public var pauseLimit: Duration = 580.ms
      /// `echo`: what is done with the echo of the prompts.
      public var echo = EchoHandling.ignore
      /// `end_silence`: silence that ends the turn.
      public var endSilence: Duration = 700.ms
      /// `adaptive`: bounds within which that silence follows what is known of the turn.
      public var adaptive: Adaptive?
      /// `eager_silence`: silence after which the turn may be over.
      public var eagerSilence: Duration = 240.ms
      /// `bot_ends_turn`: whether the bot's first words end the turn.
      public var botEndsTurn = false
      /// `preroll`: audio from before the start of speech that the bot is given.
      public var preroll: Duration = 400.ms
      /// `maximum_utterance`: a turn is ended after this.
      public var maximumUtterance: Duration = 1.min

      /// `speech.adaptive`.
      public struct Adaptive: Sendable, Equatable {
        /// `minimum`: the shortest silence that ends a turn.
        public var minimum: Duration = 250.ms
        /// `maximum`: the longest.
        public var maximum: Duration = 1500.ms
        /// `judge`: the file of a learned judge of whether a turn is over.
        public var judge: String?
      }
    }
  }
}
