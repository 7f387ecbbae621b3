import AudioCodecs
import BotEngine
import BotEngines
import CallGateway
import GatewayConfiguration
import Logging
import WebexProtocol

// What the configuration says of bots, in the terms of the gateway.

extension Configuration.Agent {
  /// The bot. A script with mistakes, and a secret that cannot be had, are mistakes of the configuration.
  func makeEngine(log: Logger) throws -> any BotEngine {
    var log = log
    log[metadataKey: "agent"] = "\(id)"
    if case .own(let kind, let settings) = engine { return try Configuration.makeOwnEngine(kind, settings, agent: id) }
    return try BotEngineFactory.makeEngine(engine, log: log)
  }
}

extension Configuration.Agent {
  /// The audio of a sound that callers hear: mu-law at 8,000 Hz, a minute at most.
  fileprivate static func sound(_ path: String, _ what: String) throws -> [UInt8] {
    let audio = try PromptFile.mulaw(path)
    guard !audio.isEmpty, audio.count <= 480_000 else {
      throw EngineError(.unusable, "\(what) \(path) has to be between nothing and a minute long.")
    }
    return audio
  }
}

extension Configuration.Agent.Filler {
  /// With the sound's audio read.
  func settings() throws -> Filler {
    Filler(audio: try Configuration.Agent.sound(sound, "The filler's sound"), repeats: repeats, delay: after)
  }
}

extension Configuration.Agent.Fallback {
  /// With the prompt's audio read; nobody is left without a word.
  func settings() throws -> ConversationStateMachine.Fallback {
    let prompt: ConversationStateMachine.Fallback.Prompt
    if let file = self.prompt {
      prompt = .audio(try Configuration.Agent.sound(file, "The fallback's prompt"))
    } else {
      prompt = try text.map { .text($0) } ?? .audio(FallbackVoice.sentence(endsCall: then == .end))
    }
    return .init(prompt: prompt, endsCall: then == .end)
  }
}

extension BotEndpoint.Breaker {
  var settings: CircuitBreaker.Settings { .init(failures: failures, window: window, probe: probe) }
}

extension Configuration.Agent {
  /// Output that may wait in a conversation, in bytes of mu-law (8,000 a second), and from where on the bot is asked to
  /// pause.
  var outputBounds: (maximum: Int, full: Int) {
    // Nothing of a WAV answer leaves before it is whole: 250 seconds.
    if responses == .wav { return (2_000_000, 1_500_000) }
    switch engine {
    // The prompts are the operator's own files, or a bot's that is part of the program.
    case .demo, .scripted, .own: return (2_000_000, 1_500_000)
    // 24 seconds, and a message that was on its way: what is beyond waits with the bot, whose own side feels it.
    case .grpc: return (262_144, 196_608)
    // The same, but an answer may come whole in one message.
    case .byova: return (4_500_000, 196_608)
    // Words, and what is to be done with them, come over one socket: ten minutes are read ahead, so that a `clear`
    // does not wait behind them, and a message that was on its way.
    case .mediaStreams, .realtime: return (8_000_000, 4_800_000)
    }
  }
}

extension Configuration.Agent {
  /// What only the engine knows: a session file, or a bot of the program's own, may not go with what the agent says of the
  /// ends of turns.
  func checkTurns(of bot: any BotEngine) throws(EngineError) {
    let isRealtime = if case .realtime = engine { true } else { false }
    if isEager == true, bot.eagerEnds == .never {
      throw EngineError(
        .unusable,
        isRealtime
          ? "The agent \(id) says `eager: true`, and its session_file has the server find ends of turns: remove one."
          : "The agent \(id) says `eager: true`, and its engine \(engine.kind) cannot be told that a turn may be over.")
    }
    guard speech.botEndsTurn else { return }
    if isRealtime, bot.audioDelivery != .everything {
      throw EngineError(
        .unusable,
        "The agent \(id) says `bot_ends_turn: true`, and its session leaves the ends of turns to Patchbay: "
          + "write `turn_detection` in `session_file`, or remove `bot_ends_turn`.")
    }
    if bot.audioDelivery == .none || bot.eagerEnds.areTold(agent: isEager) {
      throw EngineError(
        .unusable,
        "The agent \(id) says `bot_ends_turn: true`, and its engine \(engine.kind) "
          + (bot.audioDelivery == .none
            ? "does not hear the caller: remove it." : "answers turns that may be over: write `eager: false`."))
    }
  }
}
