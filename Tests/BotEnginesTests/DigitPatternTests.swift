import Testing

@testable import BotEngines

@Suite("A pattern of keys")
struct DigitPatternTests {
  @Test(
    "stands for entries of its length",
    arguments: [
      ("1", ["1"], ["", "2", "11"]), ("?", ["0", "9", "*", "#", "A"], ["", "12"]),
      ("[2-4]", ["2", "3", "4"], ["1", "5", "22"]), ("0[1-39*]#", ["01#", "03#", "09#", "0*#"], ["04#", "01", "0##"]),
      ("????", ["1234", "****"], ["123", "12345"]), ("aB", ["AB", "ab"], ["BA"]), ("[a-]", [], ["a", "-"]),
    ] as [(String, [String], [String])])
  func matching(text: String, entries: [String], others: [String]) {
    guard let pattern = try? DigitPattern(text) else {
      #expect(entries.isEmpty)
      return
    }
    for entry in entries { #expect(pattern.matches(entry), "\(entry)") }
    for entry in others { #expect(!pattern.matches(entry), "\(entry)") }
  }

  @Test(
    "is refused where it stands for nothing",
    arguments: [
      "", "x", "[", "[]", "[12", "]", "1-3", "[4-2]", "[a-d]", "[1-", "[?]", " 1", "é", "ß", "[ß]", "١", "[٠-٩]",
      String(repeating: "?", count: 65),
    ])
  func refusal(text: String) {
    #expect(throws: DigitPattern.FormatError.self) { try DigitPattern(text) }
  }

  @Test("survives entries of any kind")
  func anyEntry() throws {
    let pattern = try DigitPattern("??")
    for entry in ["", "é1", "ß1", "ﬃ", "\u{0}\u{0}", String(repeating: "1", count: 1_000_000)] {
      #expect(!pattern.matches(entry))
    }
  }
}
