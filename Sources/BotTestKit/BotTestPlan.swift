public import AudioCodecs
public import WebexProtocol

/// How a bot is tested: what the caller says and keys, and what brings the bot to where some checks begin.
///
/// A check whose cue is not given is reported as not applicable: nobody but its author knows how a bot is brought to
/// transfer.
public struct BotTestPlan: Sendable {
  /// What the caller says in spoken turns; `nil` is a sentence of the kit's own.
  public var words: WAVFile?
  /// What the caller keys where any keys will do.
  public var keys: [DTMFKey] = [.one, .two]
  /// Brings the bot to speak for four seconds or longer, so that it can be interrupted; `nil` tries the greeting.
  public var longAnswer: BotTestCue?
  /// Brings the bot to ask for something that nobody may record.
  public var sensitive: BotTestCue?
  /// Brings the bot to transfer the caller to a person.
  public var transfer: BotTestCue?
  /// Brings the bot to end the call.
  public var end: BotTestCue?
  /// Brings the bot to fail or to close its side in the middle of the call.
  public var closes: BotTestCue?
  /// The organization that calls, as a UUID in lower case; matters to bots that tell customers apart.
  public var organization = "00000000-0000-4000-8000-000000000000"
  /// Calls at a time; 1 for bots that hold one call only.
  public var callsAtOnce = 4
  /// Only the checks of these names; `nil` is all.
  public var only: Set<String>?

  /// A plan with no cue at all.
  public init() {}
}
