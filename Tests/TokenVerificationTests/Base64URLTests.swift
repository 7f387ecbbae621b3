import Testing

@testable import TokenVerification

@Suite("Base64url")
struct Base64URLTests {
  @Test(
    "J4: malformed base64url is refused, and the error says where",
    arguments: [
      ("Zm9vYg==", Base64URL.FormatError.character(offset: 6)),
      ("Zm9vYg=", .character(offset: 6)),
      ("Zm+v", .character(offset: 2)),
      ("Zm/v", .character(offset: 2)),
      ("Zm v", .character(offset: 2)),
      ("Zm9v\n", .length(5)),
      ("Zm\n9vYg", .character(offset: 2)),
      ("\tm9v", .character(offset: 0)),
      ("Zm\u{0}v", .character(offset: 2)),
      ("Zmé", .character(offset: 2)),
      ("Z", .length(1)),
      ("Zm9vY", .length(5)),
      ("Zh", .trailingBits),
      ("Zm9", .trailingBits),
      ("Zm.v", .character(offset: 2)),
    ] as [(String, Base64URL.FormatError)])
  func malformed(text: String, fault: Base64URL.FormatError) {
    #expect(throws: fault) { try Base64URL.decode(text) }
  }

  @Test(
    "The vectors of RFC 4648 section 10 decode and encode, unpadded",
    arguments: [
      ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
      ("foobar", "Zm9vYmFy"),
    ])
  func vectors(plain: String, encoded: String) throws {
    #expect(Base64URL.encode(plain.utf8) == encoded)
    #expect(try Base64URL.decode(encoded) == Array(plain.utf8))
    #expect(Base64URL.decodedCount(encoded.utf8.count) == plain.utf8.count)
  }

  @Test("Every byte in every place comes back, and no other spelling of it is taken")
  func roundTrip() throws {
    for count in 1...4 {
      for byte in 0...255 {
        let bytes = [UInt8](repeating: UInt8(byte), count: count)
        let text = Base64URL.encode(bytes)
        #expect(try Base64URL.decode(text) == bytes)
      }
    }
    // One byte has 4 unused bits, so 15 of 16 last characters are wrong.
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    let taken = alphabet.filter { (try? Base64URL.decode("A\($0)")) != nil }
    #expect(taken == ["A", "Q", "g", "w"])
  }
}
