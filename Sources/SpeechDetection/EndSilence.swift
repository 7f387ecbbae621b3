/// How long a caller has to be silent for a turn to be over, and why it is so long.
public struct EndSilence: Sendable, Hashable {
  /// What a silence follows from.
  public struct Reasons: OptionSet, Sendable, Hashable {
    /// One bit for each.
    public let rawValue: UInt16

    /// Reasons by their bits.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// A short word was asked for, and said.
    public static let yesNo = Self(rawValue: 1 << 0)
    /// Digits were asked for, nobody knows how many.
    public static let digits = Self(rawValue: 1 << 1)
    /// Fewer syllables were spoken than there are digits.
    public static let digitsMissing = Self(rawValue: 1 << 2)
    /// The digits may all have been spoken.
    public static let digitsPossible = Self(rawValue: 1 << 3)
    /// The digits have been spoken.
    public static let digitsComplete = Self(rawValue: 1 << 4)
    /// An address was asked for.
    public static let address = Self(rawValue: 1 << 5)
    /// The caller was asked to say what they want.
    public static let free = Self(rawValue: 1 << 6)
    /// Hardly anything was said yet.
    public static let shortUtterance = Self(rawValue: 1 << 7)
    /// The caller's pauses in this call are long.
    public static let longPauses = Self(rawValue: 1 << 8)
    /// The caller's pauses in this call are short.
    public static let shortPauses = Self(rawValue: 1 << 9)
    /// It was brought to a bound.
    public static let bound = Self(rawValue: 1 << 10)

    /// A learned judge took it for over, or not.
    public static let judge = Self(rawValue: 1 << 11)

    private static let names: [(Self, String)] = [
      (.yesNo, "yes_no"), (.digits, "digits"), (.digitsMissing, "digits_missing"),
      (.digitsPossible, "digits_possible"), (.digitsComplete, "digits_complete"), (.address, "address"),
      (.free, "free"), (.shortUtterance, "short_utterance"), (.longPauses, "long_pauses"),
      (.shortPauses, "short_pauses"), (.judge, "judge"), (.bound, "bound"),
    ]

    /// Their names, with a plus between; `end_silence` where it is the plain end silence.
    public var text: String {
      let names = Self.names.filter { contains($0.0) }.map(\.1)
      return names.isEmpty ? "end_silence" : names.joined(separator: "+")
    }
  }

  /// The silence, in milliseconds.
  public var milliseconds: Int
  /// What it follows from; none is the plain end silence.
  public var reasons: Reasons

  /// A silence.
  public init(milliseconds: Int, reasons: Reasons = []) {
    self.milliseconds = milliseconds
    self.reasons = reasons
  }
}
