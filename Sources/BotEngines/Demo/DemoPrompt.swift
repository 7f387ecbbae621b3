/// The prompts of the demo engine, by their names in the list that they are spoken from.
enum DemoPrompt: String, CaseIterable, Sendable {
  case greeting
  case youSaid = "you-said"
  case youPressed = "you-pressed"
  case anythingElse = "anything-else"
  case stillThere = "still-there"
  case eventReceived = "event-received"
  case transfer
  case goodBye = "good-bye"
  case moreKeys = "more-keys"
  case sorryTransfer = "sorry-transfer"
  case sorryEnd = "sorry-end"
  case zero = "digit-0"
  case one = "digit-1"
  case two = "digit-2"
  case three = "digit-3"
  case four = "digit-4"
  case five = "digit-5"
  case six = "digit-6"
  case seven = "digit-7"
  case eight = "digit-8"
  case nine = "digit-9"
  case star
  case pound
  case a = "letter-a"
  case b = "letter-b"
  case c = "letter-c"
  case d = "letter-d"

  /// The name of a key: 0-9, `*`, `#`, A-D in either case.
  init?(key: Character) {
    switch key {
    case "*": self = .star
    case "#": self = .pound
    default: self.init(rawValue: key.isLetter ? "letter-\(key.lowercased())" : "digit-\(key)")
    }
  }
}
