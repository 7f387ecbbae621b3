import Testing

@testable import WebexProtocol
@testable import Wire

@Suite("The scan knows every schema")
struct SchemaScanTests {
  @Test("a forked audio frame passes; its ids and its audio are bounded")
  func forking() throws {
    let audio = Wire.bytes(1, [UInt8](repeating: 0xFF, count: 160)) + Wire.number(2, 2) + Wire.number(5, 1)
    let frame = Wire.text(1, "c") + Wire.text(2, "o") + Wire.bytes(3, audio + Wire.text(6, "role"))
    let initialize = webex__forking__conversation_audio_forking_request__init
    #expect(try scan(frame, initialize) == .plain)
    let long = Wire.bytes(3, Wire.text(6, String(repeating: "x", count: 129)))
    #expect(
      refusal { try scan(long, initialize) } == MessageError(.tooLong(bytes: 129, limit: 128), at: "audio.role_id"))
    let loud = Wire.bytes(3, Wire.bytes(1, [UInt8](repeating: 0, count: 65_537)))
    #expect(refusal { try scan(loud, initialize) }?.path == "audio.audio_data")
  }

  @Test("a roster and a media packet pass; a participant's id is an id")
  func meetings() throws {
    let participant = Wire.text(1, "p") + Wire.text(2, "Name\n") + Wire.number(6, 1_700_000_000_000) + Wire.number(7, 1)
    func control(_ roster: [UInt8]) -> [UInt8] { Wire.bytes(2, Wire.bytes(1, Wire.bytes(1, roster))) }
    let roster = Wire.number(1, 1) + Wire.number(2, 1) + Wire.bytes(3, participant) + Wire.text(5, "gone")
    #expect(try scan(control(roster), webex__meetings__control_request__init) == .plain)
    let bad = control(Wire.bytes(3, Wire.text(1, "a\nb")))
    #expect(
      refusal { try scan(bad, webex__meetings__control_request__init) }
        == MessageError(.forbiddenCharacter, at: "service_data.meeting_data.roster.additions.participant_id"))
    let packet = Wire.bytes(2, Wire.bytes(1, [1, 2, 3]) + Wire.number(2, 20) + Wire.number(3, 1) + Wire.text(4, "p"))
    #expect(try scan(packet, webex__meetings__media_request__init) == .plain)
    let ids = Wire.bytes(1, Wire.bytes(2, Wire.text(4, "a\0b")))
    #expect(
      refusal { try scan(ids, webex__meetings__control_response__init) }
        == MessageError(.forbiddenCharacter, at: "media_stream_request.video_config.participant_ids"))
  }

  @Test("a message type without fields has only unknown ones")
  func noFields() throws {
    #expect(try scan([], webex__meetings__media_response__init) == .plain)
    #expect(try scan(Wire.number(1, 1), webex__meetings__media_response__init) == .plain)
    #expect(refusal { try scan([0x08], webex__meetings__media_response__init) }?.reason == .truncated)
  }

  @Test("the C enums of two schemas with one name stay apart")
  func doubledNames() {
    #expect(WEBEX__FORKING__ERROR_CODE__ERROR_STREAM_FAILURE.rawValue == 2)
    #expect(WEBEX__MEETINGS__ERROR_CODE__UNSUPPORTED_CODEC.rawValue == 2)
    #expect(WEBEX__FORKING__AUDIO_ENCODING__MULAW.rawValue == 2)
    #expect(WEBEX__MEETINGS__AUDIO_CODEC__MULAW.rawValue == 2)
    #expect(WEBEX__MEETINGS__IDENTITY_TRUST_LEVEL__UNSPECIFIED.rawValue == 0)
  }
}
