import Testing

@testable import GatewayConfiguration

@Suite("Hostile text")
struct HostileTextTests {
  @Test("nesting beyond 32 levels is refused, whatever its depth", arguments: [33, 500, 100_000])
  func depth(levels: Int) {
    let flow = problems(of: "agents: " + String(repeating: "[", count: levels))
    #expect(flow.count == 1)
    #expect(flow.first?.contains("more than 32 levels within one another") ?? false)
    let block = problems(of: String(repeating: "- ", count: levels) + "x")
    #expect(block.first?.contains("more than 32 levels within one another") ?? false)
  }

  @Test("32 levels are read")
  func allowedDepth() {
    let text = "agents: " + String(repeating: "[", count: 31) + String(repeating: "]", count: 31)
    #expect(problems(of: text).allSatisfy { !$0.contains("levels") })
  }

  @Test("a billion laughs cost as many errors as lines, and no memory")
  func billionLaughs() {
    var text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
    for level in 1...30 {
      text += "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ",") + "]\n"
    }
    text += "? *a30\n: x\n"
    let clock = ContinuousClock()
    let time = clock.measure {
      let found = problems(of: text)
      #expect(found.count > 30)
      #expect(found.allSatisfy { $0.contains("anchors") || $0.contains("aliases") || $0.contains("key") })
    }
    #expect(time < .seconds(30))
  }

  @Test("a file full of unknown keys or of bad entries is answered within bounds")
  func manyMistakes() {
    let keys = (0..<60_000).map { "k\($0): 1\n" }.joined()
    let entries = "agents: [{id: a, tenants: [" + (0..<60_000).map { "t\($0)," }.joined() + "x], engine: {kind: demo}}]"
    for text in [keys, entries] {
      let time = ContinuousClock().measure {
        let found = problems(of: text)
        #expect((1...Reading.maximumProblems).contains(found.count))
      }
      #expect(time < .seconds(60))
    }
  }

  @Test("random changes to a good file give a configuration or errors with places, and never a trap")
  func mutations() throws {
    var random = SplitMix(state: 0x5EED)
    let good = Array(Fixture.full.utf8)
    let pieces: [[UInt8]] = [
      "&a", "*a", "!!str", "[", "]", "{", "}", ": ", "- ", "\n", "\t", "\"", "'", "|\n", "? ", "<<: ", "\u{0}", "é",
      "9999999999999999999", "~", "---\n", "...",
    ].map { Array($0.utf8) }
    var accepted = 0
    for _ in 0..<3_000 {
      var text = good
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let at = Int.random(in: 0..<text.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: text[at] = UInt8.random(in: 0...255, using: &random)
        case 1: text.remove(at: at)
        case 2: text.insert(contentsOf: pieces.randomElement(using: &random) ?? [], at: at)
        case 3: text.removeSubrange(at..<min(text.count, at + Int.random(in: 1...80, using: &random)))
        default:
          let from = Int.random(in: 0..<text.count, using: &random)
          text.insert(contentsOf: text[from..<min(text.count, from + 60)], at: at)
        }
      }
      do {
        _ = try Configuration.parse(text, file: "p.yaml", environment: [:])
        accepted += 1
      } catch {
        #expect(!error.problems.isEmpty)
        #expect(error.problems.allSatisfy { $0.description.hasPrefix("p.yaml") })
      }
    }
    // The named files are not there, so nothing can be accepted but what lost all of them.
    #expect(accepted < 3_000)
  }
}

/// Steele, Lea, Flood: "Fast splittable pseudorandom number generators".
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
