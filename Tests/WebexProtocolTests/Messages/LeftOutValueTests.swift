import Testing

@testable import WebexProtocol
import Wire

@Suite("What the flow designer writes beyond a bound is left out, and the request is taken")
struct LeftOutValueTests {
  private func decode(_ bytes: [UInt8]) throws -> (request: VoiceRequest, leftOut: LeftOutValues) {
    let view = try bytes.span.bytes.withUnsafeBytes { try VoiceRequestDecoder().decode($0) }
    return (VoiceRequest(view), view.leftOut)
  }

  private static func text(_ count: Int) -> [UInt8] { [UInt8](repeating: 0x61, count: count) }

  private static func info(_ key: [UInt8], _ value: [UInt8]) -> [UInt8] {
    Wire.bytes(9, Wire.bytes(1, key) + Wire.bytes(2, value))
  }

  /// An entry of a `Struct`, with a value as it is on the wire.
  private static func entry(_ key: String, _ value: [UInt8]) -> [UInt8] {
    Wire.bytes(1, Wire.text(1, key) + Wire.bytes(2, value))
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var name: String
    var message: @Sendable (Int) -> [UInt8]
  }

  static let texts: [Case] = [
    Case(testDescription: "configuration", name: "vendor_specific_config") { Wire.bytes(5, text($0)) },
    Case(testDescription: "info value", name: "additional_info.k") { info([0x6B], text($0)) },
    Case(testDescription: "info key", name: "additional_info.\(String(repeating: "a", count: 64))") {
      info(text($0), [])
    },
    Case(testDescription: "event name", name: "name") { Wire.bytes(8, Wire.number(1, 5) + Wire.bytes(2, text($0))) },
    Case(testDescription: "parameter", name: "parameters.p") {
      Wire.event(parameters: entry("p", Wire.bytes(3, text($0))))
    },
    Case(testDescription: "text within a parameter", name: "parameters.p") {
      Wire.event(
        parameters: entry("p", Wire.bytes(5, entry("q", Wire.bytes(6, Wire.bytes(1, Wire.bytes(3, text($0))))))))
    },
  ]

  @Test("P1: a text of 16 KB is taken; one byte more is left out, counted and named", arguments: texts)
  func bound(_ text: Case) throws {
    let request = Wire.text(1, "c") + text.message(16_384)
    #expect(try decode(request).leftOut.isEmpty)
    let (shortened, leftOut) = try decode(Wire.text(1, "c") + text.message(16_385) + Wire.text(3, "a"))
    #expect(leftOut.count == 1 && leftOut.names == [text.name])
    #expect(shortened.conversationID == "c" && shortened.agentID == "a", "what is around it stays")
    #expect(shortened.vendorConfiguration == nil && shortened.additionalInfo.isEmpty)
    if case .event(let event) = shortened.input { #expect(event.name == nil && event.parameters.isEmpty) }
  }

  @Test("what is beside it stays as it was")
  func neighbours() throws {
    let number = Wire.bytes(2, [0x11] + [UInt8](repeating: 0, count: 6) + [0xF0, 0x3F])
    let parameters =
      entryOne(number) + Self.entry("long", Wire.bytes(3, Self.text(20_000))) + Self.entry("b", Wire.bytes(3, [0x78]))
    let message =
      Self.info([0x61], [0x31]) + Self.info([0x62], Self.text(30_000)) + Self.info([0x63], [0x33])
      + Wire.bytes(8, Wire.number(1, 1) + Wire.text(2, "start") + Wire.bytes(3, parameters)) + Wire.text(1, "c")
    let (request, leftOut) = try decode(message)
    #expect(leftOut.names == ["additional_info.b", "parameters.long"])
    #expect(request.additionalInfo == ["a": "1", "c": "3"] && request.conversationID == "c")
    #expect(
      request.input
        == .event(.init(.sessionStart, name: "start", parameters: ["one": .number(1), "b": .string("x")])))
  }

  private func entryOne(_ number: [UInt8]) -> [UInt8] { Wire.bytes(1, Wire.text(1, "one") + number) }

  @Test("P1: of 256 parameters all are taken; of more, the first 256", arguments: [256, 257, 600])
  func entries(count: Int) throws {
    let parameters = (0..<count).flatMap { Self.entry("k\($0)", Wire.number(4, 1)) }
    let (request, leftOut) = try decode(Wire.event(parameters: parameters))
    guard case .event(let event) = request.input else { throw Failed() }
    #expect(event.parameters.count == 256 && event.parameters["k255"] == .bool(true))
    #expect(leftOut.count == count - 256 && leftOut.names.count == min(count - 256, LeftOutValues.maximumNames))
  }

  @Test("a list of too many values is left out, and what follows it is taken")
  func list() throws {
    let list = Wire.bytes(6, (0..<256).flatMap { _ in Wire.bytes(1, Wire.number(4, 1)) })
    let parameters = Self.entry("long", list) + Self.entry("b", Wire.number(4, 1))
    let (request, leftOut) = try decode(Wire.event(parameters: parameters))
    #expect(leftOut.names == ["parameters.long"])
    guard case .event(let event) = request.input else { throw Failed() }
    #expect(event.parameters == ["b": .bool(true)])
  }

  @Test("of more than 32 entries of additional_info the first 32 are taken; hundreds of fields are refused")
  func info() throws {
    func message(_ count: Int) -> [UInt8] { (0..<count).flatMap { Self.info(Array("k\($0)".utf8), [0x76]) } }
    #expect(try decode(message(32)).leftOut.isEmpty)
    let (request, leftOut) = try decode(message(40))
    #expect(request.additionalInfo.count == 32 && leftOut.count == 8 && leftOut.names.first == "additional_info.k32")
    #expect(refusal(message(1000))?.reason == .tooManyFields(limit: 512))
  }

  @Test("P4: what is malformed is refused beside what is left out, and ids are never left out")
  func malformed() {
    let long = Wire.bytes(5, Self.text(20_000))
    #expect(refusal(long + Wire.bytes(1, [0xFF])) == MessageError(.invalidUTF8, at: "conversation_id"))
    #expect(refusal(long + Wire.bytes(1, Self.text(129)))?.path == "conversation_id")
    #expect(refusal(long + Self.info([0x6B], [0xFF]))?.reason == .invalidUTF8)
    #expect(refusal(long + Wire.event(parameters: Wire.nestedStruct(levels: 17)))?.reason == .tooDeep(limit: 16))
    #expect(refusal(long + Wire.tag(1, 2) + [9]) == MessageError(.truncated, at: "conversation_id"))
  }

  @Test("a request that has to be rewritten too is read as protobuf reads it")
  func rewritten() throws {
    // A known field of another wire type, and an event in two parts.
    let message =
      Wire.number(1, 7) + Wire.bytes(8, Wire.number(1, 5) + Wire.bytes(2, Self.text(17_000)))
      + Wire.bytes(8, Wire.text(2, "n")) + Wire.bytes(5, Self.text(17_000))
    let (request, leftOut) = try decode(message)
    #expect(leftOut.names == ["name", "vendor_specific_config"])
    #expect(request.input == .event(.init(.custom, name: "n")))
  }

  @Test("names are fit for a log: short, and without line breaks")
  func names() throws {
    let key = Array("card\r\nlevel=info ".utf8) + Self.text(200)
    let (_, leftOut) = try decode(Self.info(key, Self.text(17_000)))
    let name = try #require(leftOut.names.first)
    #expect(name.hasPrefix("additional_info.card??level=info aaa") && name.unicodeScalars.count == 80)
  }

  @Test("a decoder has nothing left out of the message after")
  func next() throws {
    let decoder = VoiceRequestDecoder()
    for (bytes, isWhole) in [(Wire.bytes(5, Self.text(17_000)), false), (Wire.text(5, "{}"), true)] {
      let leftOut = try bytes.withUnsafeBytes { try decoder.decode($0).leftOut }
      #expect(leftOut.isEmpty == isWhole)
    }
  }

  @Test("a message cut off or changed at any byte around a value that is left out is refused or read, never more")
  func damaged() {
    let bytes =
      Wire.bytes(8, Wire.number(1, 5) + Wire.bytes(3, Self.entry("l", Wire.bytes(3, Self.text(16_500)))))
      + Wire.text(1, "c")
    for index in Array(bytes.indices.prefix(24)) + Array(bytes.indices.suffix(6)) {
      for value in UInt8.min...UInt8.max {
        var damaged = bytes
        damaged[index] = value
        _ = refusal(damaged)
      }
      _ = refusal(Array(bytes.prefix(index)))
    }
  }

  struct Failed: Error {}
}
