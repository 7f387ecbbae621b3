public import BotEngine

/// An engine to try a connection with, kind `demo`.
///
/// It greets the caller in a voice of its own, plays what the caller said back to them, reads keys back, acknowledges
/// events of the flow designer and asks again when nothing comes. `0` alone and the third silence in a row transfer the
/// caller with a summary; `9` alone ends the call. Spoken words are kept for the length of a turn, and at most 30
/// seconds of them; digits are read back and forgotten.
public struct DemoEngine: BotEngine {
  private let voice: DemoVoice

  /// The engine. Throws ``EngineError`` only where the binary was built with broken prompts.
  public init() throws(EngineError) { voice = try DemoVoice() }

  /// Always: an answer that is dropped costs nothing.
  public var eagerEnds: EagerEnds { .always }

  /// What matters is in each turn.
  public var resumes: Bool { true }

  /// Holds one call.
  public func converse(_ call: BotCall) async throws {
    var conversation = EagerConversation(DemoConversation(voice: voice))
    for await event in call.eagerEvents {
      for command in conversation.answer(to: event) { call.send(command) }
    }
  }
}
