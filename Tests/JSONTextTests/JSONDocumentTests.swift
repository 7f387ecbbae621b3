import BotEngine
import Foundation
import Testing

@testable import JSONText

@Suite("JSON on the wire")
struct JSONDocumentTests {
  private func value(_ text: String) throws -> BotValue { BotValue(try JSONDocument(Array(text.utf8)).root) }

  @Test("is read as it is written")
  func values() throws {
    let text = #" {"a":[1,-2.5e1,true,false,null,""],"b":{"c":"d \"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00"}} "#
    #expect(
      try value(text)
        == .object([
          "a": .list([.number(1), .number(-25), .bool(true), .bool(false), .null, .string("")]),
          "b": .object(["c": .string("d \"\\/\u{8}\u{c}\n\r\tAé😀")]),
        ]))
  }

  @Test(
    "is refused where it is not JSON",
    arguments: [
      "", " ", "{", "}", "[1", "[1,]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "nul", "tru", "01", "1.", "-",
      "1e",
      "+1", ".5", "\"abc", "\"\\", "\"a\u{1}b\"", "1 2", "{} x", "[1 2]", "'a'", "\u{FEFF}{}",
    ])
  func malformed(text: String) { #expect(throws: JSONError.self) { try JSONDocument(Array(text.utf8)) } }

  @Test("is bounded in depth and in the number of its values")
  func bounds() throws {
    let deep = String(repeating: "[", count: 32) + String(repeating: "]", count: 32)
    #expect(throws: Never.self) { try JSONDocument(Array(deep.utf8)) }
    let tooDeep = JSONError(reason: .tooDeep, offset: 32)
    #expect(throws: tooDeep) { try JSONDocument(Array(("[" + deep + "]").utf8)) }
    #expect(throws: tooDeep) { try JSONDocument([UInt8](repeating: UInt8(ascii: "["), count: 90_000)) }
    let list = { (count: Int) in Array(("[" + String(repeating: "0,", count: count - 1) + "0]").utf8) }
    #expect(throws: Never.self) { try JSONDocument(list(8_191)) }
    #expect(throws: JSONError(reason: .tooMany, offset: 2 * 8_191 + 1)) { try JSONDocument(list(8_192)) }
  }

  @Test("gives the member that is asked for, and nothing for what is not there")
  func members() throws {
    let root = try JSONDocument(
      Array(#"{"x":{"event":"no"},"event":"media","n":"12","event":"again","list":[{},7]}"#.utf8)
    ).root
    #expect(root["event"]?.isString("media") == true)
    #expect(root["n"]?.int == 12 && root["x"]?["event"]?.string == "no")
    #expect(root["none"] == nil && root["event"]?["event"] == nil && root["x"]?.string == nil)
    #expect(root["list"]?.elements.map(\.int) == [nil, 7])
  }

  @Test("carries Base64, with escapes too, and refuses what is none")
  func base64() throws {
    for count in 0..<70 {
      let data = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
      var writer = JSONWriter()
      writer.base64(data)
      #expect(writer.bytes == Array("\"\(Data(data).base64EncodedString())\"".utf8))
      #expect(try JSONDocument(writer.bytes).root.base64 == data)
    }
    #expect(try JSONDocument(Array(#""\/\/8=""#.utf8)).root.base64 == [0xFF, 0xFF])
    for text in ["A", "AA=A", "A===", "AA A", "A-B_", "é"] {
      #expect(try JSONDocument(Array("\"\(text)\"".utf8)).root.base64 == nil)
    }
  }

  @Test("is written so that it reads the same")
  func written() throws {
    let value = BotValue.object([
      "text": .string("a\"b\\c\u{1}\n😀"), "list": .list([.number(1.5), .number(3), .null, .bool(true)]),
      "none": .object([:]),
    ])
    var writer = JSONWriter()
    writer.value(value)
    #expect(BotValue(try JSONDocument(writer.bytes).root) == value)
    #expect(
      String(decoding: writer.bytes, as: UTF8.self)
        == #"{"list":[1.5,3,null,true],"none":{},"text":"a\"b\\c\u0001\u000a😀"}"#)
  }

  @Test("does not fall over anything that random bytes can be")
  func random() {
    var generator = SystemRandomNumberGenerator()
    let alphabet = Array("{}[]\",:\\u0123456789tfn -eE.aé\u{0}".utf8)
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0..<40, using: &generator)).map { _ in
        alphabet.randomElement(using: &generator) ?? 0
      }
      guard let root = try? JSONDocument(bytes).root else { continue }
      _ = BotValue(root)
    }
  }
}
