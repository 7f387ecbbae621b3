import AudioCodecs
import Testing

@testable import WebexProtocol
@testable import Wire

@Suite("What a message says")
struct MessageTextTests {
  /// Unicode Standard, table 3-7, from both sides; and what encoders of other systems get wrong.
  static let illFormed: [[UInt8]] = [
    [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xC2, 0xC2], [0xDF, 0xC0], [0xE0, 0x9F, 0xBF],
    [0xE0, 0xA0], [0xE1, 0x80, 0x41], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xEF, 0xBF, 0xC0],
    [0xF0, 0x8F, 0xBF, 0xBF],
    [0xF0, 0x90, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFE],
    [0xFF],
  ]
  static let wellFormed: [[UInt8]] = [
    [0x7F], [0xC2, 0x80], [0xDF, 0xBF], [0xE0, 0xA0, 0x80], [0xE1, 0x80, 0x80], [0xEC, 0xBF, 0xBF], [0xED, 0x80, 0x80],
    [0xED, 0x9F, 0xBF], [0xEE, 0x80, 0x80], [0xEF, 0xBF, 0xBF], [0xF0, 0x90, 0x80, 0x80], [0xF3, 0xBF, 0xBF, 0xBF],
    [0xF4, 0x80, 0x80, 0x80], [0xF4, 0x8F, 0xBF, 0xBF],
  ]

  @Test("P4: a string that is not UTF-8 is refused, wherever in it", arguments: illFormed)
  func refusesIllFormed(bytes: [UInt8]) {
    for lead in 0...17 {
      for tail in [0, 1, 9] {
        let text = [UInt8](repeating: 0x61, count: lead) + bytes + [UInt8](repeating: 0x61, count: tail)
        #expect(refusal(Wire.bytes(5, text)) == MessageError(.invalidUTF8, at: "vendor_specific_config"))
        #expect(refusal(Wire.bytes(1, text)) == MessageError(.invalidUTF8, at: "conversation_id"))
      }
    }
    let key = refusal(Wire.event(parameters: Wire.bytes(1, Wire.bytes(1, bytes))))
    #expect(key == MessageError(.invalidUTF8, at: "event_input.parameters.fields.key"))
  }

  @Test("P4: a string that is UTF-8 is read as it is", arguments: wellFormed)
  func readsWellFormed(bytes: [UInt8]) throws {
    for lead in 0...17 {
      let text = [UInt8](repeating: 0x61, count: lead) + bytes + [0x62]
      let request = try decodeRequest(Wire.bytes(5, text))
      #expect(request.vendorConfiguration.map { Array($0.utf8) } == text)
    }
  }

  @Test("P4: the check of UTF-8 is Swift's own, for all sequences of up to three bytes")
  func everySequence() {
    var text: [UInt8] = [0, 0, 0]
    func agrees(_ bytes: ArraySlice<UInt8>) -> Bool {
      let bytes = Array(bytes)
      guard !bytes.contains(0) else { return true }
      let ours = bytes.withUnsafeBufferPointer { WireText.check($0, isIdentifier: false) } == nil
      return ours == (String(validating: bytes, as: UTF8.self) != nil)
    }
    // Third bytes differ only in whether they continue a sequence.
    let thirds: [UInt8] = [0x41, 0x7F, 0x80, 0xBF, 0xC2, 0xF1]
    var disagreements = 0
    for first in UInt8.min...UInt8.max {
      for second in UInt8.min...UInt8.max {
        (text[0], text[1]) = (first, second)
        if !agrees(text[0..<2]) { disagreements += 1 }
        for third in thirds {
          text[2] = third
          if !agrees(text[...]) { disagreements += 1 }
        }
      }
    }
    #expect(disagreements == 0)
  }

  @Test("P4: a NUL or a control character in an id is refused, wherever in it")
  func controlCharacters() {
    let controls = (UInt8(0)...0x1F).map { [$0] } + [[0x7F]] + (UInt8(0x80)...0x9F).map { [0xC2, $0] }
    for control in controls {
      for lead in [0, 1, 7, 8, 9, 15, 16] {
        let text = [UInt8](repeating: 0x61, count: lead) + control + Array("bcdefghijk".utf8)
        for (number, name) in [(1, "conversation_id"), (2, "customer_org_id"), (3, "virtual_agent_id")] {
          #expect(refusal(Wire.bytes(UInt64(number), text)) == MessageError(.forbiddenCharacter, at: name))
        }
        let isNUL = control == [0]
        #expect((refusal(Wire.bytes(5, text)) != nil) == isNUL, "other strings may have line breaks")
      }
    }
    #expect(refusal(Wire.text(1, " ~ü\u{A0}")) == nil)
  }

  @Test("P4: an unknown audio encoding is refused, the three known ones and none are taken")
  func encodings() throws {
    for (number, expected) in [(0, nil), (1, .linear16), (2, .mulaw), (3, .alaw)] as [(UInt64, AudioEncoding?)] {
      let request = try decodeRequest(Wire.bytes(6, Wire.number(2, number)))
      #expect(request.input == .audio(.init(bytes: [], encoding: expected)))
    }
    for number in [4, 5, 1 << 31 - 1] as [UInt64] {
      let error = refusal(Wire.bytes(6, Wire.number(2, number)))
      #expect(error == MessageError(.unknownValue(Int32(number)), at: "audio_input.encoding"))
    }
    let minusOne = Wire.tag(2, 0) + [UInt8](repeating: 0xFF, count: 9) + [1]
    #expect(refusal(Wire.bytes(6, minusOne)) == MessageError(.unknownValue(-1), at: "audio_input.encoding"))
  }

  @Test("P4: an unknown event and unknown keys are read as such")
  func unknownValues() throws {
    #expect(try decodeRequest(Wire.bytes(8, Wire.number(1, 99))).input == .event(.init(.unknown(99))))
    let keys = Wire.bytes(7, Wire.bytes(1, [1, 0, 17, 16]))
    let request = try keys.span.bytes.withUnsafeBytes { try VoiceRequestDecoder().decode($0) }
    guard case .dtmf(let keys, let unknownCount) = request.input else {
      Issue.record("no keys")
      return
    }
    #expect(keys == [.one, .pound])
    #expect(unknownCount == 2)
  }

  static let audio = Wire.bytes(6, Wire.bytes(1, [1]))
  static let keys = Wire.bytes(7, Wire.bytes(1, [1]))
  static let event = Wire.bytes(8, Wire.number(1, 1))

  @Test("P4: of two members of the oneof the last wins, as in protobuf")
  func lastMember() throws {
    #expect(try decodeRequest(Self.audio + Self.keys).input == .dtmf([.one]))
    #expect(try decodeRequest(Self.keys + Self.audio).input == .audio(.init(bytes: [1])))
    #expect(try decodeRequest(Self.audio + Self.keys + Self.event).input == .event(.init(.sessionStart)))
    #expect(try decodeRequest(Self.event + Self.keys + Self.event).input == .event(.init(.sessionStart)))
  }

  @Test("P4: a member of the oneof that comes twice is merged, as in protobuf, but not over another member")
  func mergedMember() throws {
    let encoding = Wire.bytes(6, Wire.number(2, 3) + Wire.number(3, 8000))
    #expect(
      try decodeRequest(encoding + Self.audio).input == .audio(.init(bytes: [1], encoding: .alaw, sampleRate: 8000)))
    #expect(try decodeRequest(encoding + Self.keys + Self.audio).input == .audio(.init(bytes: [1])))
    #expect(try decodeRequest(Self.keys + Self.keys).input == .dtmf([.one, .one]))
    let parameters = Wire.bytes(8, Wire.bytes(3, Wire.bytes(1, Wire.text(1, "a"))))
    let more = Wire.bytes(8, Wire.bytes(3, Wire.bytes(1, Wire.text(1, "b") + Wire.bytes(2, Wire.text(3, "x")))))
    #expect(
      try decodeRequest(parameters + more).input
        == .event(.init(.unspecified, parameters: ["a": .null, "b": .string("x")])))
  }

  @Test("P4: the limits hold for what is merged, too")
  func mergedLimits() {
    let keys = Wire.bytes(7, Wire.bytes(1, [UInt8](repeating: 1, count: 33)))
    #expect(refusal(keys + keys)?.reason == .tooManyValues(limit: 64))
  }

  @Test("a known field of another wire type is an unknown field, as in protobuf")
  func otherWireType() throws {
    let mixed = Wire.number(1, 5) + Wire.text(2, "o") + Wire.text(4, "x") + Wire.tag(6, 5) + [0, 0, 0, 0] + Self.keys
    #expect(
      try decodeRequest(mixed) == VoiceRequest(conversationID: "", organizationID: "o", input: .dtmf([.one])))
    let value = Wire.event(parameters: Wire.bytes(1, Wire.text(1, "k") + Wire.bytes(2, Wire.number(2, 5))))
    #expect(try decodeRequest(value).input == .event(.init(.custom, parameters: ["k": .null])))
  }

  @Test("of two entries of one key the last counts; an entry may lack its key or its value")
  func maps() throws {
    let entries =
      Wire.bytes(9, Wire.text(1, "k") + Wire.text(2, "1")) + Wire.bytes(9, Wire.text(2, "2") + Wire.text(1, "k"))
    #expect(try decodeRequest(entries).additionalInfo == ["k": "2"])
    #expect(try decodeRequest(Wire.bytes(9, [])).additionalInfo == ["": ""])
  }

  @Test("P5: unknown fields are ignored and never sent on")
  func unknownFields() throws {
    let known = VoiceRequest(
      conversationID: "c", organizationID: "o", additionalInfo: ["k": "v"],
      input: .event(.init(.custom, name: "n", parameters: ["x": .number(1)])))
    let unknown =
      Wire.number(90, 7) + Wire.tag(91, 1) + [UInt8](repeating: 1, count: 8) + Wire.text(92, "secret") + Wire.tag(93, 5)
      + [1, 1, 1, 1]
    let copy = try decodeRequest(unknown + known.encoded() + unknown)
    #expect(copy == known)
    #expect(copy.encoded() == known.encoded())
    #expect(try decodeRequest(Wire.bytes(8, Wire.number(1, 1) + unknown)).input == .event(.init(.sessionStart)))
    let response = try VoiceResponse(decoding: Wire.bytes(1, Wire.text(1, "a") + unknown) + unknown)
    #expect(response.encoded() == Wire.bytes(1, Wire.text(1, "a")))
  }

  @Test("an empty message is a request that says nothing")
  func empty() throws {
    #expect(try decodeRequest([]) == VoiceRequest(conversationID: "", organizationID: ""))
  }

  @Test("borrowed text compares with strings and bytes")
  func borrowedText() throws {
    let bytes = Wire.text(1, "Grüße")
    let request = try bytes.span.bytes.withUnsafeBytes { try VoiceRequestDecoder().decode($0) }
    let (id, organization) = (request.conversationID, request.organizationID)
    #expect(id.equals("Grüße"))
    #expect(id.equals(Array("Grüße".utf8)))
    #expect(!id.equals("Grüß"))
    #expect(!id.equals("Grüßf"))
    #expect(organization.equals(""))
    #expect(organization.isEmpty)
    #expect(organization.nonEmptyString == nil)
  }
}
