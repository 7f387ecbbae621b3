import Testing

@testable import JSONText

@Suite("Strict JSON")
struct JSONValueTests {
  typealias Fault = JSONError.Reason

  private func parse(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

  @Test(
    "J5: what two readers could understand differently is refused, with its place",
    arguments: [
      ("", Fault.unexpectedEnd, 0),
      ("{", .unexpectedEnd, 1),
      (#"{"a""#, .unexpectedEnd, 4),
      (#"{"a":"#, .unexpectedEnd, 5),
      (#"{"a":1"#, .unexpectedEnd, 6),
      (#"{"a":1,}"#, .unexpectedByte, 7),
      ("[1,]", .unexpectedByte, 3),
      ("[1 2]", .unexpectedByte, 3),
      ("{a:1}", .unexpectedByte, 1),
      ("{'a':1}", .unexpectedByte, 1),
      ("tru", .unexpectedEnd, 3),
      ("True", .unexpectedByte, 0),
      ("NaN", .unexpectedByte, 0),
      ("// c\n1", .unexpectedByte, 0),
      ("\u{FEFF}{}", .unexpectedByte, 0),
      ("{} {}", .trailingBytes, 3),
      ("{}\u{0}", .trailingBytes, 2),
      ("1x", .trailingBytes, 1),
      ("01", .badNumber, 0),
      ("-", .badNumber, 0),
      ("1.", .badNumber, 0),
      (".5", .unexpectedByte, 0),
      ("+1", .unexpectedByte, 0),
      ("1e", .badNumber, 0),
      ("1e+", .badNumber, 0),
      (#"{"a":1,"a":2}"#, .duplicateName, 7),
      (#"{"a":1,"\u0061":2}"#, .duplicateName, 7),
      (#"[{"x":{"b":1,"b":2}}]"#, .duplicateName, 13),
      (#""\ud800""#, .unpairedSurrogate, 1),
      (#""\udc00""#, .unpairedSurrogate, 1),
      (#""\ud800\u0041""#, .unpairedSurrogate, 1),
      (#""\udc00\ud800""#, .unpairedSurrogate, 1),
      (#""\u0000""#, .nul, 1),
      ("\"\u{0}\"", .nul, 1),
      ("\"\n\"", .controlCharacter, 1),
      ("\"\u{1F}\"", .controlCharacter, 1),
      (#""\x41""#, .badEscape, 1),
      (#""\u12""#, .badEscape, 1),
      (#""\u00g0""#, .badEscape, 1),
      (#""abc"#, .unexpectedEnd, 4),
      (#""abc\"#, .unexpectedEnd, 5),
    ] as [(String, Fault, Int)])
  func refused(text: String, fault: Fault, offset: Int) {
    #expect(throws: JSONError(reason: fault, offset: offset)) { try parse(text) }
  }

  @Test(
    "J5: bytes that are not UTF-8 are refused",
    arguments: [
      [0x80], [0xC0, 0xAF], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80],
      [0xED, 0xBF, 0xBF], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF],
      [0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x98], [0xC3, 0x41], [0xE2, 0x82, 0x41],
    ] as [[UInt8]])
  func invalidUTF8(bytes: [UInt8]) {
    let quote = UInt8(ascii: "\"")
    #expect(throws: JSONError(reason: .invalidUTF8, offset: 1)) {
      try JSONValue(parsing: [quote] + bytes + [quote])
    }
    #expect(throws: JSONError.self) { try JSONValue(parsing: [quote] + bytes) }
  }

  @Test("J5: nesting of 8 levels is read, of 9 refused, of any depth refused without recursion")
  func depth() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    _ = try parse(nested(8))
    #expect(throws: JSONError(reason: .tooDeep, offset: 8)) { try parse(nested(9)) }
    #expect(throws: JSONError(reason: .tooDeep, offset: 8)) { try parse(nested(100_000)) }
    let objects = String(repeating: #"{"a":"#, count: 9)
    #expect(throws: JSONError(reason: .tooDeep, offset: 40)) { try parse(objects) }
  }

  @Test("More than 8,192 values are refused")
  func count() throws {
    func list(_ count: Int) -> String { "[" + Array(repeating: "0", count: count).joined(separator: ",") + "]" }
    _ = try parse(list(8_191))
    #expect(throws: JSONError.self) { try parse(list(8_192)) }
  }

  @Test("J5: duplicates are found in objects of many members too")
  func manyMembers() throws {
    let members = (0..<200).map { #""n\#($0)":0"# }
    _ = try parse("{" + members.joined(separator: ",") + "}")
    for copy in ["n0", "n15", "n16", "n199"] {
      #expect(throws: JSONError.self) {
        try parse("{" + (members + [#""\#(copy)":0"#]).joined(separator: ",") + "}")
      }
    }
  }

  @Test("Values of every kind are read")
  func values() throws {
    let value = try parse(
      "\r\n\t { \"s\" : \"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00é😀\" , \"a\":[true,false,null,{}], \"n\": -0.5e+10 } "
    )
    let object = try #require(value.object)
    #expect(object["s"]?.string == "a\"\\/\u{8}\u{c}\n\r\té😀é😀")
    #expect(object["a"] == .array([.bool(true), .bool(false), .null, .object(JSONObject([:]))]))
    #expect(object["missing"] == nil)
  }

  @Test(
    "J14: only a whole number without sign or exponent has a value",
    arguments: [
      ("0", 0), ("12", 12), ("12.0", 12), ("12.000", 12), ("9223372036854775807", Int64.max),
      ("9223372036854775808", nil), ("12.5", nil), ("12.01", nil), ("1e3", nil), ("1E0", nil), ("1e400", nil),
      ("-1", nil), ("-0", nil), ("99999999999999999999999999", nil),
    ] as [(String, Int64?)])
  func numbers(text: String, whole: Int64?) throws {
    guard case .number(let number) = try parse(text) else {
      Issue.record("not a number")
      return
    }
    #expect(number.wholeValue == whole)
    #expect(number.literal == text)
  }

  @Test("Names are compared byte for byte, not by canonical equivalence")
  func names() throws {
    let object = try #require(try parse("{\"\u{212A}\":1,\"K\":2,\"e\u{301}\":3,\"\u{E9}\":4}").object)
    #expect(object["K"] == .number(JSONNumber(2)))
    #expect(object["\u{E9}"] == .number(JSONNumber(4)))
    #expect(object.members.count == 4)
  }

  @Test("What is written is read again as the same value")
  func roundTrip() throws {
    let value = JSONValue.object(
      JSONObject([
        "a\"\\\u{1}\n": .string("é😀\u{7F}\u{0B}"), "b": .array([.null, .bool(true), .number(JSONNumber(7))]),
      ]))
    #expect(try parse(value.text) == value)
  }
}
