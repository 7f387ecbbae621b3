// A fuzz target for libFuzzer: scan, unpack, copy. Built and run by Scripts/fuzz.

@testable import WebexProtocol
@testable import Wire

// One fuzzing thread uses them.
nonisolated(unsafe) private let requests = VoiceRequestDecoder()
nonisolated(unsafe) private let forks = MessageDecoder<Webex__Forking__ConversationAudioForkingRequest>(
  WireSchema(webex__forking__conversation_audio_forking_request__init, limits: .request))
nonisolated(unsafe) private let controls = MessageDecoder<Webex__Meetings__ControlRequest>(
  WireSchema(webex__meetings__control_request__init, limits: .request))
nonisolated(unsafe) private let bots = MessageDecoder<Patchbay__Bot__BotMessage>(
  WireSchema(patchbay__bot__bot_message__init, limits: .bot))

/// libFuzzer calls this for every input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzMessages(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let bytes = UnsafeRawBufferPointer(start: data, count: size)
  if let request = try? VoiceRequest(requests.decode(bytes)) {
    // What was taken can be written and taken again, and says the same, but for numbers that are not themselves (NaN).
    let written = request.encoded()
    let again = try? written.withUnsafeBytes { try VoiceRequest(requests.decode($0)) }
    precondition(again?.encoded() == written, "a request changed on the way")
  }
  if let response = try? VoiceResponse(decoding: bytes) {
    // A prompt that only names a URI becomes an empty one, which reads as one of empty audio: the second writing counts.
    let written = (try? VoiceResponse(decoding: response.encoded()))?.encoded()
    let again = written.flatMap { try? VoiceResponse(decoding: $0) }
    precondition(again != nil && again?.encoded() == written, "a response changed on the way")
  }
  _ = try? forks.decode(bytes)
  _ = try? controls.decode(bytes)
  _ = try? bots.decode(bytes)
  _ = try? ListAgentsRequest(decoding: bytes)
  _ = try? ListAgentsResponse(decoding: bytes)
  return 0
}
