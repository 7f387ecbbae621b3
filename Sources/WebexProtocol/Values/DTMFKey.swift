/// A key of the telephone keypad, by its number in `DTMFDigits`. The numbers are not the digits: zero is 10.
public enum DTMFKey: Int32, Sendable, Equatable, CaseIterable {
  case one = 1
  case two, three, four, five, six, seven, eight, nine
  case zero = 10
  case a, b, c, d
  case star = 15
  case pound = 16

  private static let characters: [Character] = Array("1234567890ABCD*#")

  /// The key's character: 0-9, A-D, `*` or `#`.
  public var character: Character { Self.characters[Int(rawValue) - 1] }

  /// The key for a character; lower-case letters are taken too.
  public init?(_ character: Character) {
    // The capitals of a letter may be two letters; those of a key are one.
    guard character.isASCII, let key = character.uppercased().first, let index = Self.characters.firstIndex(of: key)
    else { return nil }
    self.init(rawValue: Int32(index + 1))
  }
}
