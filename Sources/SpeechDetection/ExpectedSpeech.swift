/// What a bot's question asks for, as far as it bears on when a caller has finished.
public enum ExpectedSpeech: Sendable, Hashable {
  /// Nobody says.
  case anything
  /// Yes or no, or another short word.
  case yesNo
  /// Digits, which are spoken in groups; how many, where that is known.
  case digits(count: Int?)
  /// An address, or anything else of several parts.
  case address
  /// Whatever the caller wants to say.
  case free
}
