import Foundation
import ReplayKit
import Testing
import WebSockets
import WebexProtocol

@testable import BrowserPhone

@Suite("Messages of the phone's socket")
struct PhoneMessagesTests {
  private func request(_ text: String) throws(PhoneRequest.FormatError) -> PhoneRequest {
    try PhoneRequest(WebSocketMessage(kind: .text, bytes: Array(text.utf8)))
  }

  private func request(_ bytes: [UInt8]) throws(PhoneRequest.FormatError) -> PhoneRequest {
    try PhoneRequest(WebSocketMessage(kind: .binary, bytes: bytes))
  }

  @Test("what a page says is read")
  func requests() throws {
    #expect(
      try request(#"{"type":"call","organization":"o","agent":"a","token":null,"more":1}"#)
        == .call(over: .grpc, organization: "o", agent: "a", token: nil))
    #expect(
      try request(#"{"type":"call","wire":"websocket","organization":"","agent":"","token":"t"}"#)
        == .call(over: .webSocket, organization: "", agent: "", token: "t"))
    #expect(try request(##"{"type":"press","key":"#"}"##) == .press(.pound))
    #expect(try request(#"{"type":"say","recording":"r"}"#) == .recording("r"))
    #expect(try request(#"{"type":"say","text":"Good day"}"#) == .text("Good day"))
    #expect(try request(#"{"type":"clip","name":"a.wav","bytes":480000}"#) == .clip(name: "a.wav", bytes: 480_000))
    #expect(try request(#"{"type":"hangUp"}"#) == .hangUp)
    let frame = [UInt8](repeating: 7, count: 160)
    #expect(try request([1] + frame + frame) == .microphone([frame, frame]))
    #expect(try request([2, 3, 4]) == .part([3, 4]))
  }

  @Test(
    "what is out of bounds is refused",
    arguments: [
      "", "[]", "{}", #"{"type":"press","key":"12"}"#, #"{"type":"press","key":"x"}"#, #"{"type":"press"}"#,
      #"{"type":"say"}"#, #"{"type":"say","text":""}"#, #"{"type":"clip","bytes":480001}"#,
      #"{"type":"clip","bytes":0}"#,
      #"{"type":"clip","bytes":-1}"#, #"{"type":"call","organization":7}"#,
      #"{"type":"call","wire":"smoke"}"#,
      #"{"type":"say","text":"\#(String(repeating: "a", count: 501))"}"#,
      #"{"type":"call","organization":"\#(String(repeating: "a", count: 257))"}"#,
      #"{"type":"call","agent":"\u0000"}"#, "{\"type\":\"hangUp\"}" + String(repeating: " ", count: 20_480),
    ])
  func refused(text: String) {
    #expect(throws: PhoneRequest.FormatError.self) { try request(text) }
  }

  @Test(
    "so are audio messages that are empty, uneven, long or of another kind",
    arguments: [(1, 0), (1, 159), (1, 161), (1, 11 * 160), (2, 0), (2, 32_001), (3, 160)] as [(UInt8, Int)])
  func refusedAudio(kind: UInt8, size: Int) {
    #expect(throws: PhoneRequest.FormatError.self) { try request([kind] + Array(repeating: 0, count: size)) }
  }

  @Test("keys go to the page as dots")
  func dots() throws {
    for event in [CallEvent.presses([.one, .pound], overPrompt: true), .uncollectedKeys([.one, .pound])] {
      let text = String(decoding: PhoneMessages.event(event, at: .milliseconds(1_500), clips: []), as: UTF8.self)
      #expect(text.contains("••") && text.contains(#""keys":2"#) && text.contains(#""at":1500"#))
      #expect(!text.contains("1#"))
    }
  }

  @Test("an event has its name, who did it and its length")
  func event() throws {
    let speaks = CallEvent.speaks(clip: 0, length: .seconds(2), overPrompt: true)
    let bytes = PhoneMessages.event(speaks, at: .seconds(1), clips: ["hm"])
    let object = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    #expect(object["kind"] as? String == "speaks" && object["who"] as? String == "caller")
    #expect(object["text"] as? String == "speaks \"hm\" (2.0 s) over the prompt")
    #expect(object["length"] as? Double == 2_000 && object["type"] as? String == "event")
  }

  @Test("audio has its side and its place")
  func audio() {
    #expect(PhoneMessages.audio(.agent, position: 0x0102_0304, [9, 8]) == [1, 1, 2, 3, 4, 9, 8])
    #expect(PhoneMessages.audio(.caller, position: 5, []) == [2, 0, 0, 0, 5])
  }
}
