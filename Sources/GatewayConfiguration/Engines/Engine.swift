extension Configuration.Agent {
  /// `engine`: the bot and what it needs.
  public enum Engine: Sendable, Equatable {
    /// `demo`: greets, plays the caller's words back, reads digits back; 0 transfers, 9 ends.
    case demo
    /// `scripted`: a dialogue written in a YAML file, `script`.
    case scripted(script: String)
    /// `grpc`: a bot that serves `Protos/bot.proto`.
    case grpc(GRPCBot)
    /// `media-streams`: a bot that takes Twilio's Media Streams over a WebSocket.
    case mediaStreams(MediaStreamsBot)
    /// `realtime`: a bot that speaks the OpenAI Realtime events over a WebSocket.
    case realtime(RealtimeBot)
    /// `byova`: another server of Webex's voice virtual agent interface.
    case byova(ForwardedBot)
    /// A kind that the program brings itself (``Configuration/register(_:)``).
    case own(OwnBot)

    /// The names for `kind`.
    public static var kinds: [String] { builtInKinds + Configuration.ownEngineKinds }

    static let builtInKinds = ["demo", "scripted", "grpc", "media-streams", "realtime", "byova"]

    /// The name for `kind`.
    public var kind: String {
      switch self {
      case .demo: "demo"
      case .scripted: "scripted"
      case .grpc: "grpc"
      case .mediaStreams: "media-streams"
      case .realtime: "realtime"
      case .byova: "byova"
      case .own(let bot): bot.kind
      }
    }

    /// Where the bot is, for those that are elsewhere.
    public var endpoint: Endpoint? {
      switch self {
      case .demo, .scripted, .own: nil
      case .grpc(let bot): bot.endpoint
      case .mediaStreams(let bot): bot.endpoint
      case .realtime(let bot): bot.endpoint
      case .byova(let bot): bot.endpoint
      }
    }
  }

  /// Which part of the caller's audio a bot is sent.
  public enum Hears: String, Sendable, CaseIterable {
    /// None: the bot lives on digits and events.
    case none
    /// From the pre-roll before the caller speaks until the end of the turn.
    case turns
    /// All of it, silence too.
    case everything
  }

  /// An engine of the kind `grpc`.
  public struct GRPCBot: Sendable, Equatable {
    /// Where it is.
    public var endpoint: Endpoint
    /// `hears`; default turns.
    public var hears: Hears
    /// `audio`: the encoding of the caller's audio; default linear16.
    public var audio: Audio

    /// `audio`.
    public enum Audio: String, Sendable, CaseIterable {
      /// 16-bit linear samples at the caller's rate.
      case linear16
      /// G.711 mu-law at 8,000 Hz.
      case mulaw
    }
  }

  /// An engine of the kind `media-streams`.
  public struct MediaStreamsBot: Sendable, Equatable {
    /// Where it is; the URL is `wss:`.
    public var endpoint: Endpoint
    /// `account`: what the bot is told as `accountSid`; default `AC` and 32 zeros.
    public var account: String
    /// `auth_token_file` or `auth_token_variable`: what the bot was given as Twilio's auth token. With it the bot may end
    /// its calls over the admin port's REST route; the admin port's own token does as well.
    public var token: Secret?
    /// `parameters`: the `customParameters` of the start message, in order, names unique.
    public var parameters: [Parameter]
    /// `turn_silence`: time without audio of a bot that has spoken, reckoned from the end of what it said, after which
    /// its turn is over; 100 ms to 10 s, default 700 ms.
    public var turnSilence: Duration

    /// An entry of `parameters`.
    public struct Parameter: Sendable, Equatable {
      /// `name`.
      public var name: String
      /// `value`.
      public var value: String
    }
  }

  /// An engine of the kind `realtime`.
  public struct RealtimeBot: Sendable, Equatable {
    /// Where it is; the URL is `wss:`. `api_key_file` or `api_key_variable` is its authorization.
    public var endpoint: Endpoint
    /// `model`: added to the URL's query where that names none; `nil` leaves it to the URL.
    public var model: String?
    /// `voice`; `nil` leaves it to the service.
    public var voice: String?
    /// `instructions`, or the text of `instructions_file` as it was when the configuration was read.
    public var instructions: String?
    /// `greeting`: what the bot is asked to say when the call begins; `nil` leaves the words to the instructions.
    public var greeting: String?
    /// `format` of the audio both ways.
    public var format: Format
    /// `tools` that are offered; default all.
    public var tools: [Tool]
    /// `session_file`: a JSON object whose members are laid over the session that is asked for.
    public var sessionFile: String?
    /// `call_data`: where the bot is given what the flow designer hands over; default item.
    public var callData: CallData

    /// `call_data`.
    public enum CallData: String, Sendable, CaseIterable {
      /// In a first item of the conversation.
      case item
      /// At the end of the session's instructions.
      case instructions
      /// Nowhere.
      case none
    }

    /// `format`.
    public enum Format: String, Sendable, CaseIterable {
      /// G.711 mu-law at 8,000 Hz: nothing is converted.
      case pcmu
      /// G.711 A-law at 8,000 Hz.
      case pcma
      /// 16-bit linear samples at 24,000 Hz.
      case pcm
    }

    /// What a bot may do by calling a function.
    public enum Tool: String, Sendable, CaseIterable {
      /// Hand the caller to a human.
      case transfer = "transfer_to_agent"
      /// End the call.
      case end = "end_call"
      /// Have the caller key digits.
      case digits = "collect_digits"
    }
  }

  /// An engine of the kind `byova`.
  public struct ForwardedBot: Sendable, Equatable {
    /// Where it is.
    public var endpoint: Endpoint
    /// `agent`: the id of the virtual agent to ask for; `nil` is the other server's default.
    public var agent: String?
    /// `end_of_input`: who says that the caller has finished; default upstream.
    public var endOfInput: EndOfInput
    /// `complete_timeout`: what the other server's `complete_timeout_msec` means; default shorter.
    public var completeTimeout: CompleteTimeout
    /// `forward_token`: whether the other server is sent the caller's own token; default no.
    public var forwardsToken: Bool

    /// `complete_timeout`.
    public enum CompleteTimeout: String, Sendable, CaseIterable {
      /// It counts where it is shorter than the agent's own `speech.end_silence`.
      case shorter
      /// It counts.
      case any
      /// It does not.
      case ignore
    }

    /// `end_of_input`.
    public enum EndOfInput: String, Sendable, CaseIterable {
      /// The other server: it is sent all of the caller's audio, as Webex would.
      case upstream
      /// Patchbay: the other server is sent the caller's turn and a half-close at its end.
      case patchbay
    }
  }

  /// `fallback`: what a caller is given whose bot has failed.
  public struct Fallback: Sendable, Equatable {
    /// `prompt`: a WAV file that is played.
    public var prompt: String?
    /// `text`: spoken by the platform, where there is no prompt. Without either the voice in the binary says sorry.
    public var text: String?
    /// `then`.
    public var then: Ending

    /// `then`.
    public enum Ending: String, Sendable, CaseIterable {
      /// The caller is handed to a human agent.
      case transfer
      /// The call ends.
      case end
    }

    /// The voice in the binary says sorry; the caller is transferred.
    public static let standard = Fallback(prompt: nil, text: nil, then: .transfer)
  }
}
