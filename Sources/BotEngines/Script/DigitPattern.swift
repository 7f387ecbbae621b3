import Basics
import YAMLReading

/// Which entries of keys a transition of a script is for.
///
/// A character stands for its key: `0`-`9`, `*`, `#`, `A`-`D` in either case. `?` stands for any key, `[…]` for one of
/// the keys and ranges of digits within. A pattern matches an entry of exactly its length.
struct DigitPattern: Sendable, Hashable {
  /// The longest pattern, in keys: as many as one entry can bring.
  static let maximumLength = 64

  /// The keys that may stand at each place, a bit for each of ``keys``.
  private let places: [UInt16]

  private static let keys: [Character] = Array("0123456789*#ABCD")
  private static let any: UInt16 = .max

  /// How many keys it takes.
  var length: Int { places.count }

  /// Whether it stands for one entry only.
  var isExact: Bool { places.allSatisfy { $0.nonzeroBitCount == 1 } }

  /// Why a pattern cannot be read.
  typealias FormatError = TextError<DigitPattern>

  init(_ text: String) throws(FormatError) {
    var places: [UInt16] = []
    var rest = Substring(text)
    while let character = rest.popFirst() {
      guard places.count < Self.maximumLength else {
        throw FormatError("is longer than \(Self.maximumLength) keys")
      }
      switch character {
      case "?": places.append(Self.any)
      case "[":
        guard let end = rest.firstIndex(of: "]") else { throw FormatError("has a [ without its ]") }
        places.append(try Self.oneOf(rest[..<end]))
        rest = rest[rest.index(after: end)...]
      default:
        guard let key = Self.bit(character) else {
          throw FormatError("has a `\(String(character).quotedForMessage)`, which is no key")
        }
        places.append(key)
      }
    }
    guard !places.isEmpty else { throw FormatError("is empty") }
    self.places = places
  }

  private static func bit(_ character: Character) -> UInt16? {
    // The capitals of a letter may be two letters; those of a key are one.
    guard character.isASCII, let key = character.uppercased().first else { return nil }
    return keys.firstIndex(of: key).map { 1 << UInt16($0) }
  }

  private static func oneOf(_ text: Substring) throws(FormatError) -> UInt16 {
    let characters = Array(text)
    var bits: UInt16 = 0
    var index = 0
    while index < characters.count {
      let character = characters[index]
      if index + 2 < characters.count, characters[index + 1] == "-" {
        guard let low = character.wholeNumberValue, let high = characters[index + 2].wholeNumberValue,
          bit(character) != nil, bit(characters[index + 2]) != nil, low <= high
        else {
          throw FormatError("has the range [\(String(text).quotedForMessage)], which is not one of digits")
        }
        for digit in low...high { bits |= 1 << UInt16(digit) }
        index += 3
      } else {
        guard let key = bit(character) else {
          throw FormatError("has a `\(String(character).quotedForMessage)` between brackets, which is no key")
        }
        bits |= key
        index += 1
      }
    }
    guard bits != 0 else { throw FormatError("has nothing between its brackets") }
    return bits
  }

  /// Whether an entry is one of those that it stands for.
  func matches(_ entry: String) -> Bool {
    var count = 0
    for character in entry {
      guard count < places.count, let key = Self.bit(character), places[count] & key != 0 else { return false }
      count += 1
    }
    return count == places.count
  }
}
