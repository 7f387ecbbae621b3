public import BotEngine

/// The engine that an agent's configuration asks for.
public enum EngineSpecification: Sendable, Equatable {
  /// ``DemoEngine``.
  case demo
  /// ``ScriptedEngine``, with the path of its dialogue.
  case scripted(script: String)
  /// ``GRPCBotEngine``.
  case grpc(GRPCBotSettings)
  /// A bot that takes Twilio's Media Streams.
  case mediaStreams(MediaStreamsSettings)
  /// A bot that speaks the OpenAI Realtime events.
  case realtime(RealtimeSettings)
  /// ``ForwardingEngine``.
  case byova(ForwardingSettings)
  /// An engine that the program brings itself, with the values of its keys, which may be secrets.
  case own(kind: String, [String: String])
}

extension EngineSpecification {
  /// Whether such an engine prepares its answer while the caller's turn may be over; `nil` where only the engine knows.
  public var eagerEnds: EagerEnds? {
    switch self {
    case .demo, .scripted: .always
    case .grpc, .mediaStreams, .realtime: .onRequest
    case .byova: .never
    case .own: nil
    }
  }

  /// Why such a bot's words cannot end the caller's turn, and what to write instead; `nil` where they can, or where only the
  /// engine knows.
  public var whyItEndsNoTurn: (problem: String, remedy: String)? {
    switch self {
    case .demo, .scripted: ("it hears of the end of a turn from Patchbay", "remove `bot_ends_turn`")
    case .byova:
      (
        "the other server reports the end of the turn itself, by END_OF_INPUT",
        "write `end_of_input: upstream` in `engine`, and remove `bot_ends_turn`"
      )
    case .grpc(let bot) where bot.hears == .none:
      ("a bot that hears nothing cannot tell when the caller has finished", "write `hears: everything`")
    case .grpc, .mediaStreams, .realtime, .own: nil
    }
  }
}
