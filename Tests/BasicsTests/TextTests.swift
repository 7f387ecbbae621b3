import Testing

@testable import Basics

@Suite("Text is made fit for people, and compared with what it may have")
struct TextTests {
  @Test("what a terminal would obey, what is invisible and what turns the writing around is replaced")
  func readable() {
    #expect("a\u{1B}[2Jb\n\u{202E}c\u{2028}\u{E000}é👋".readable { _ in "?" } == "a?[2Jb??c??é👋")
    #expect("a\nb\t".readable { $0 == "\n" ? "\n" : " " } == "a\nb ")
    #expect("\0".readable() == "\u{FFFD}")
  }

  @Test("what is too long is cut, and says so")
  func cut() {
    #expect("abc".readable(most: 3) == "abc")
    #expect("abcd".readable(most: 3) == "abc…")
    #expect("".readable(most: 0) == "")
  }

  @Test("white space is dropped at both ends, or what else is named")
  func trimmed() {
    #expect(" \t a b\n".trimmed() == "a b")
    #expect("\n a ".trimmed { $0 == " " } == "\n a")
    #expect("  ".trimmed().isEmpty)
  }

  @Test("words have letters and digits of ASCII, and what is named")
  func words() {
    #expect("aZ09".isWord() && "a-b_".isWord(with: "-_") && "".isWord())
    #expect(!"a-b".isWord() && !"é".isWord(with: "-") && !"٣".isWord())
    #expect("!~".isVisibleASCII && !"a b".isVisibleASCII && !"a\u{7F}".isVisibleASCII && !"é".isVisibleASCII)
  }

  @Test("times are rounded towards zero, and what does not fit is the most there is")
  func durations() {
    let time = Duration(secondsComponent: 1, attosecondsComponent: 999_999_999_999_999_999)
    #expect(time.nanoseconds == 1_999_999_999 && time.wholeMicroseconds == 1_999_999 && time.wholeMilliseconds == 1_999)
    #expect((.zero - time).wholeMilliseconds == -1_999)
    #expect(Duration.seconds(Int64.max).nanoseconds == .max && Duration.seconds(Int64.min).wholeMilliseconds == .min)
  }

  @Test("a value is one line of JSON, whatever its numbers are")
  func json() throws {
    struct Value: Encodable { var b = "x/y\n", a = Double.infinity }
    #expect(String(decoding: try Value().jsonLine(), as: UTF8.self) == #"{"a":"inf","b":"x/y\n"}"#)
  }
}
