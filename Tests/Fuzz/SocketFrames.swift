// A fuzz target for libFuzzer: an envelope of the virtual agent's WebSocket, and what becomes of it. Built and run by
// Scripts/fuzz.

@testable import WebexProtocol
@testable import WebexSocketProtocol

// One fuzzing thread uses it.
nonisolated(unsafe) private let requests = VoiceRequestDecoder()

/// libFuzzer calls this for every input: the frames of one socket, each on a line.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSocketFrames(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: size))
  var machine = SocketStateMachine(organization: "o-1", now: .zero)
  for frame in input.split(separator: UInt8(ascii: "\n"), maxSplits: 64) {
    for action in machine.received(Array(frame), now: .zero, wall: 0) {
      switch action {
      case .open(_, let message, _), .deliver(_, let message):
        // What is brought to the conversation is of this socket, whatever the frame says.
        guard let request = try? message.withUnsafeBytes({ try VoiceRequest(requests.decode($0)) }) else { continue }
        precondition(request.organizationID == "o-1", "a request of another organization")
      case .send(let bytes): precondition(bytes.first == UInt8(ascii: "{") && bytes.last == UInt8(ascii: "}"))
      case .halfClose, .close, .lost, .report: break
      }
    }
  }
  _ = try? ListAgentsRequest(socketText: input)
  return 0
}
