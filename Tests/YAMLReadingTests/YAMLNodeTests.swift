import Testing
import YAMLReading

@Suite("Reading YAML")
struct YAMLNodeTests {
  private func compose(_ text: String) -> (root: YAMLNode?, problems: [String]) {
    let (root, problems) = YAMLNode.compose(Array(text.utf8))
    return (root, problems.map { "\($0.place.line):\($0.place.column) \($0.message)" })
  }

  @Test("keeps the order of keys, the places of keys and values, and how scalars were written")
  func places() throws {
    let (root, problems) = compose("b: 1\na:\n  - \"x\"\n  - {k: v}\n")
    #expect(problems.isEmpty)
    guard case .mapping(let members)? = root?.content else { return #expect(Bool(false)) }
    #expect(members.map(\.key) == ["b", "a"])
    #expect(members.map(\.keyPlace) == [YAMLPlace(line: 1, column: 1), YAMLPlace(line: 2, column: 1)])
    guard case .scalar("1", isPlain: true) = members[0].value.content else { return #expect(Bool(false)) }
    guard case .sequence(let items) = members[1].value.content else { return #expect(Bool(false)) }
    #expect(items.map(\.place) == [YAMLPlace(line: 3, column: 5), YAMLPlace(line: 4, column: 5)])
    guard case .scalar("x", isPlain: false) = items[0].content else { return #expect(Bool(false)) }
  }

  @Test(
    "refuses what could surprise, and says where",
    arguments: [
      ("a: &x 1\n", "1:4 anchors"), ("a: 1\nb: *x\n", "2:4 aliases"), ("a: !!int 1\n", "1:4 tags"),
      ("a: 1\na: 2\n", "2:1 `a` is given already in line 1"), ("? [a]\n: 1\n", "1:3 a key has to be a word"),
      ("a: 1\n---\nb: 2\n", "2:1 a second document"), ("a: [1\n", "2:1 this is not YAML"),
      ("\"\": 1\n", "1:1 a key has to be a word"),
      ("a: \u{1}\n", "1:4 this is not YAML: here is the control character U+0001"),
      ("a: 1\nbé: x\0y\n", "2:6 this is not YAML: here is a NUL byte; remove it"),
    ])
  func refusals(text: String, problem: String) {
    let problems = compose(text).problems
    #expect(problems.contains { $0.contains(problem) }, "\(problems)")
  }

  @Test("a byte-order mark before the text says nothing, and moves no place")
  func byteOrderMark() {
    let (root, problems) = compose("\u{FEFF}a: 1\nb: 2\n")
    #expect(problems.isEmpty)
    guard case .mapping(let members)? = root?.content else { return #expect(Bool(false)) }
    #expect(members.map(\.key) == ["a", "b"])
    #expect(members.map(\.keyPlace) == [YAMLPlace(line: 1, column: 1), YAMLPlace(line: 2, column: 1)])
  }

  @Test("survives nesting, aliases of aliases, bytes that are no text, and nothing at all")
  func hostility() {
    let nested = YAMLNode.compose(Array(repeating: UInt8(ascii: "["), count: 1 << 20))
    #expect(nested.root == nil)
    #expect(nested.problems.contains { $0.message.contains("levels") })
    var laughs = "a0: &a0 [x, x]\n"
    for index in 1..<40 { laughs += "a\(index): &a\(index) [*a\(index - 1), *a\(index - 1)]\n" }
    #expect(YAMLNode.compose(Array(laughs.utf8)).problems.count >= 39)
    #expect(!YAMLNode.compose([0xFF, 0xFE, 0x00]).problems.isEmpty)
    let empty = YAMLNode.compose([])
    #expect(empty.root == nil && empty.problems.isEmpty)
  }

  @Test(
    "suggests the word that was meant",
    arguments: [
      ("trasnfer", "transfer"), ("no_imput", "no_input"), ("Speech", "speech"), ("adress", "address"),
      ("addrses", "address"), ("Level", "level"), ("tsl", "tls"), ("xyz", nil), ("banana", nil), ("", nil),
    ] as [(String, String?)])
  func suggestions(word: String, meant: String?) {
    let names = ["transfer", "no_input", "speech", "digits", "address", "level", "tls", "plaintext"]
    #expect(Suggestion.nearest(to: word, among: names) == meant)
  }
}
