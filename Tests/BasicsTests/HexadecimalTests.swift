import Testing

@testable import Basics

@Suite("Hexadecimal digits")
struct HexadecimalTests {
  /// The same words over and over.
  private struct Words: RandomNumberGenerator {
    var words: [UInt64]

    mutating func next() -> UInt64 {
      words.append(words.removeFirst())
      return words.last ?? 0
    }
  }

  @Test("A number has two digits for each byte")
  func digits() {
    #expect(UInt8(0).hexadecimal == "00" && UInt8(0xAB).hexadecimal == "ab")
    #expect(UInt64(0x12).hexadecimal == "0000000000000012" && UInt64.max.hexadecimal == "ffffffffffffffff")
  }

  @Test("A name is two words of the generator, a UUID says its version and variant")
  func names() {
    var words = Words(words: [1, 0xFEDC_BA98_7654_3210])
    #expect(words.hexadecimalName() == "0000000000000001fedcba9876543210")
    words = Words(words: [.max, .max])
    #expect(words.uuid() == "ffffffff-ffff-4fff-bfff-ffffffffffff")
    words = Words(words: [0, 0x0123_4567_89AB_CDEF])
    #expect(words.uuid() == "00000000-0000-4000-8123-456789abcdef")
    var system = SystemRandomNumberGenerator()
    #expect(system.hexadecimalName() != system.hexadecimalName() && system.uuid() != system.uuid())
  }
}
