import Testing

@testable import WebexProtocol

@Suite("The words of a turn's audio")
struct SpokenTextTests {
  @Test("count as far as their audio was heard, over the answers of a turn")
  func heard() {
    var text = SpokenText()
    #expect(text.characters(in: 100) == nil)
    text.append(characters: 10, at: 0, count: 100)
    text.append(characters: 20, at: 150, count: 100)
    #expect(text.characters(in: 50) == 5)
    #expect(text.characters(in: 120) == 10)
    #expect(text.characters(in: 200) == 20)
    text.concluded(250)
    text.append(characters: 6, at: 0, count: 60)
    #expect(text.characters(in: 250) == 30)
    #expect(text.characters(in: 260) == 31)
    #expect(text.characters(in: 9_999) == 36)
  }

  @Test("that are taken back are not counted, and those of earlier turns neither")
  func cut() {
    var text = SpokenText()
    text.append(characters: 10, at: 0, count: 100)
    text.append(characters: 10, at: 100, count: 100)
    text.cut(to: 50)
    #expect(text.characters(in: 9_999) == 5)
    text.concluded(50)
    text.append(characters: 3, at: 0, count: 30)
    text.beginTurn()
    #expect(text.characters(in: 9_999) == 3)
    #expect(text.characters(in: 10) == 1)
  }

  @Test("are kept within a bound, and none is lost for it")
  func bounded() {
    var text = SpokenText()
    for index in 0..<100_000 { text.append(characters: 1, at: index * 10, count: 10) }
    #expect(text.characters(in: 1_000_000) == 100_000)
    #expect(text.characters(in: 100) == 10)
  }
}
