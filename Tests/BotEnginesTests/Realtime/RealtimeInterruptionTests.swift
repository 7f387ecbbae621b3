import BotEngine
import JSONText
import Testing

@testable import BotEngines

@Suite("Responses of a Realtime server that the caller interrupts")
struct RealtimeInterruptionTests {
  @Test("truncates what was said to what was heard, and cancels what is still being said")
  func interrupted() throws {
    var call = try RealtimeConversation.greeted()
    for item in ["i1", "i2", "i3"] {
      let second = [UInt8](repeating: 0xFF, count: 8000)
      var audio = JSONWriter()
      audio.base64(second)
      let delta = String(decoding: audio.bytes, as: UTF8.self)
      _ = try call.hear(
        #"{"type":"response.output_audio.delta","response_id":"r1","item_id":"\#(item)","content_index":0,"delta":\#(delta)}"#
      )
    }
    let sent = call.receive(.interrupted(playedMilliseconds: 1400)).sent
    #expect(sent.types == ["response.cancel", "conversation.item.truncate", "conversation.item.truncate"])
    #expect(sent[0]["response_id"]?.isString("r1") == true)
    #expect(sent[1]["item_id"]?.isString("i2") == true && sent[1]["audio_end_ms"]?.int == 400)
    #expect(sent[2]["item_id"]?.isString("i3") == true && sent[2]["audio_end_ms"]?.int == 0)
    let late = try call.hear(
      #"{"type":"response.output_audio.delta","response_id":"r1","item_id":"i3","delta":"////"}"#)
    #expect(late.isEmpty, "what still comes of it is not heard")
  }

  @Test("does not truncate beyond what was sent")
  func clamped() throws {
    var call = try RealtimeConversation.greeted()
    _ = try call.hear(#"{"type":"response.output_audio.delta","response_id":"r1","item_id":"i1","delta":"////"}"#)
    _ = try call.hear(#"{"type":"response.done","response":{"id":"r1","status":"completed"}}"#)
    #expect(
      call.receive(.interrupted(playedMilliseconds: 60_000)).isEmpty, "all of it was heard, and nothing is under way")
  }

  @Test("asks for the next response when the cancelled one is done")
  func oneAtATime() throws {
    var call = try RealtimeConversation.greeted()
    _ = call.receive(.interrupted(playedMilliseconds: 0))
    #expect(call.receive(.digits("1")).sent.types == ["conversation.item.create"])
    let done = #"{"type":"response.done","response":{"id":"r1","status":"cancelled"}}"#
    #expect(try call.hear(done).sent.types == ["response.create"])
    var other = try RealtimeConversation.greeted()
    _ = other.receive(.interrupted(playedMilliseconds: 0))
    _ = other.receive(.digits("1"))
    let error = #"{"type":"error","error":{"type":"invalid_request_error","code":"response_cancel_not_active"}}"#
    #expect(try other.hear(error).sent.types == ["response.create"])
  }

  @Test("a cancelled response of which the server says nothing keeps no turn waiting longer than half a second")
  func silentCancel() throws {
    var call = try RealtimeConversation.greeted()
    _ = call.receive(.interrupted(playedMilliseconds: 0), now: .seconds(1))
    #expect(call.cancelDeadline == .milliseconds(1500))
    #expect(call.receive(.digits("1"), now: .milliseconds(1200)).sent.types == ["conversation.item.create"])
    #expect(call.tick(now: .milliseconds(1499)).isEmpty)
    #expect(call.tick(now: .milliseconds(1500)).sent.types == ["response.create"])
    #expect(call.cancelDeadline == nil && call.tick(now: .seconds(9)).isEmpty)
    // What still comes of the old one is not the new one.
    #expect(
      try call.hear(#"{"type":"response.output_audio.delta","response_id":"r1","item_id":"i","delta":"////"}"#).isEmpty)
    #expect(try call.hear(#"{"type":"response.done","response":{"id":"r1","status":"cancelled"}}"#).isEmpty)
    _ = try call.hear(#"{"type":"response.created","response":{"id":"r2"}}"#)
    let audio = #"{"type":"response.output_audio.delta","response_id":"r2","item_id":"i","delta":"////"}"#
    #expect(try call.hear(audio).commands == ["audio"])
    #expect(
      try call.hear(#"{"type":"response.done","response":{"id":"r2","status":"completed"}}"#).commands == ["endTurn"])
  }

  @Test("a cancelled response that had no id yet is not taken for the next one")
  func cancelBeforeCreated() throws {
    var call = try RealtimeConversation.greeted()
    _ = try call.hear(#"{"type":"response.done","response":{"id":"r1","status":"completed"}}"#)
    _ = call.receive(.digits("1"), now: .zero)
    #expect(call.receive(.digits("2"), now: .zero).sent.types == ["conversation.item.create", "response.cancel"])
    _ = try call.hear(#"{"type":"response.created","response":{"id":"r2"}}"#)
    #expect(call.tick(now: .milliseconds(500)).sent.types == ["response.create"])
    #expect(try call.hear(#"{"type":"response.done","response":{"id":"r2","status":"completed"}}"#).isEmpty)
    _ = try call.hear(#"{"type":"response.created","response":{"id":"r3"}}"#)
    #expect(
      try call.hear(#"{"type":"response.done","response":{"id":"r3","status":"completed"}}"#).commands == ["endTurn"])
  }

  @Test("a cancelled response that had no name, and ends late, does not end the next one", arguments: [false, true])
  func cancelledWithoutName(isHeard: Bool) throws {
    var call = try RealtimeConversation.greeted()
    _ = try call.hear(#"{"type":"response.done","response":{"id":"r1","status":"completed"}}"#)
    _ = call.receive(.digits("1"), now: .zero)
    _ = call.receive(.digits("2"), now: .zero)
    #expect(call.tick(now: .milliseconds(500)).sent.types == ["response.create"])
    func audio(_ response: String) -> String {
      #"{"type":"response.output_audio.delta","response_id":"\#(response)","item_id":"i","delta":"////"}"#
    }
    if isHeard { _ = try call.hear(audio("r2")) }
    #expect(try call.hear(#"{"type":"response.done","response":{"id":"r2","status":"cancelled"}}"#).isEmpty)
    #expect(try call.hear(audio("r3")).commands == ["audio"], "of a server that does not say what it creates")
    #expect(
      try call.hear(#"{"type":"response.done","response":{"id":"r3","status":"completed"}}"#).commands == ["endTurn"])
  }

  @Test("response.cancelled ends a cancelled response as response.done does")
  func cancelledEvent() throws {
    for id in [#""response_id":"r1""#, #""response":{"id":"r1"}"#] {
      var call = try RealtimeConversation.greeted()
      _ = call.receive(.interrupted(playedMilliseconds: 0))
      _ = call.receive(.digits("1"))
      #expect(try call.hear(#"{"type":"response.cancelled",\#(id)}"#).sent.types == ["response.create"])
    }
  }
}
