import AudioCodecs
import Testing

@testable import WebexProtocol
import Wire

@Suite("Messages of forked conversations")
struct ForkMessageTests {
  private func message(
    seconds: Int64? = nil, nanos: Int32 = 0, encoding: UInt32 = 2, role: UInt32 = 1
  ) -> [UInt8] {
    let builder = MessageBuilder()
    let audio = builder.make(webex__forking__audio_stream__init)
    audio.pointee.encoding = Webex__Forking__AudioEncoding(rawValue: encoding)
    audio.pointee.sample_rate_hertz = 8000
    audio.pointee.role = Webex__Forking__ParticipantRole(rawValue: role)
    audio.pointee.role_id = builder.text("leg-1")
    if let seconds {
      let timestamp = builder.make(google__protobuf__timestamp__init)
      timestamp.pointee.seconds = seconds
      timestamp.pointee.nanos = nanos
      audio.pointee.audio_timestamp = timestamp
    }
    let request = builder.make(webex__forking__conversation_audio_forking_request__init)
    request.pointee.conversation_id = builder.text("c")
    request.pointee.customer_org_id = builder.text("o")
    request.pointee.audio = audio
    return ([1, 2, 3] as [UInt8]).withUnsafeBytes {
      audio.pointee.audio_data = .init(lending: $0)
      return builder.pack(request)
    }
  }

  private func read<R>(_ bytes: [UInt8], _ body: (borrowing ForkRequestView) throws -> R) throws -> R {
    try body(bytes.span.bytes.withUnsafeBytes { try ForkRequestDecoder().decode($0) })
  }

  @Test("A piece of audio is lent with all that is said of it")
  func audio() throws {
    try read(message(seconds: 12, nanos: 500_000_000)) { request in
      let names = (request.conversationID.string, request.organizationID.string)
      #expect(names == ("c", "o"))
      guard let audio = request.audio else {
        Issue.record("no audio")
        return
      }
      #expect(Array(audio.bytes) == [1, 2, 3])
      #expect(audio.encoding == .stated(.mulaw))
      #expect(audio.sampleRate == 8000)
      #expect(audio.timestamp == 12_500_000)
      #expect(audio.role == .caller)
      #expect(audio.roleID.equals("leg-1"))
    }
  }

  @Test(
    "A10: a time that cannot be is none; nanoseconds over a second are carried over",
    arguments: [
      (0, 0, nil), (253_402_300_799, 0, 253_402_300_799_000_000), (253_402_300_800, 0, nil), (Int64.max, 5, nil),
      (Int64.min, -5, nil), (1, 1_500_000_000, 2_500_000), (0, 1000, 1), (-5, 0, -5_000_000),
      (1, Int32.max, 3_147_483),
    ] as [(Int64, Int32, Int64?)])
  func timestamps(seconds: Int64, nanos: Int32, expected: Int64?) throws {
    try read(message(seconds: seconds, nanos: nanos)) { request in
      let timestamp = request.audio?.timestamp
      #expect(timestamp == expected)
    }
  }

  @Test("An encoding that is not known is told of, a role that is not known is none")
  func unknown() throws {
    try read(message(encoding: 9, role: 9)) { request in
      let audio = request.audio
      #expect(audio?.encoding == .unknown(9))
      #expect(audio?.role == .unspecified)
      #expect(audio?.timestamp == nil)
    }
    try read(message(encoding: 0)) { request in
      let encoding = request.audio?.encoding
      #expect(encoding == .unstated)
    }
  }

  @Test("Responses are what the platform expects, byte for byte")
  func responses() {
    #expect(ForkResponse.success.encoded() == [0x0A, 7] + Array("SUCCESS".utf8))
    #expect(ForkResponse.invalidAudioFormat.encoded().suffix(2) == [0x10, 1])
    #expect(ForkResponse.failure.encoded().suffix(2) == [0x10, 2])
  }
}
