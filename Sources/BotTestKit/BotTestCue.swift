public import AudioCodecs
public import WebexProtocol

/// What a caller does to bring a bot to something: to transfer, to speak for long, to ask for a card number.
public struct BotTestCue: Sendable {
  /// One thing that a caller does, with the bot's answer to it.
  public enum Step: Sendable {
    /// Presses keys as one entry.
    case keys([DTMFKey])
    /// Speaks a recording: any rate and encoding that ``WAVFile`` reads.
    case speech(name: String, WAVFile)
    /// An event of the flow designer, without parameters.
    case event(String)
  }

  /// The steps, each a turn of its own.
  public var steps: [Step]

  /// A cue of steps.
  public init(_ steps: [Step]) { self.steps = steps }

  /// Keys, as in `"12#"`; `nil` where one of the characters is no key.
  public init?(keys text: String) {
    let keys = text.map { DTMFKey($0) }
    guard !keys.isEmpty, !keys.contains(where: { $0 == nil }) else { return nil }
    self.init([.keys(keys.compactMap(\.self))])
  }
}
