import GRPCTransport
import JSONText
import TokenVerification

@testable import CallGateway

/// A WebSocket in memory: what the client does is called, what the server does is noted.
///
/// `@unchecked Sendable`: the test's thread alone touches it, as it does all of ``ManualLoops``.
final class FakeSocket: CallerSocket, @unchecked Sendable {
  private let test: TestGateway
  private var entry: SocketEntry?
  private var sequence = 0
  private(set) var sent: [JSONElement] = []
  private(set) var closeCode: UInt16?
  private(set) var takenBytes = 0
  private(set) var givenBytes = 0
  /// Whether what the server sends finds room.
  var hasRoom = true

  init(_ test: TestGateway, _ upgrade: SocketUpgrade, _ identity: Identity) {
    self.test = test
    entry = test.gateway.open(self, for: upgrade, identity, on: test.loops.loops[0])
    test.loops.settle()
  }

  /// The call that it carries; on its loop.
  var session: SocketSession? { entry?.handler as? SocketSession }

  // MARK: The client

  func say(text: String) {
    givenBytes += text.utf8.count
    entry?.received(Array(text.utf8))
    test.loops.settle()
  }

  func say(_ input: String, conversation: String = "c-1") {
    sequence += 1
    say(
      text: #"{"type":"VOICE_VA_REQUEST","seq":\#(sequence),"conversation_id":"\#(conversation)","payload":{"#
        + #""conversation_id":"\#(conversation)","customer_org_id":"\#(TestGateway.organization)","#
        + #""voice_va_input_type":\#(input)}}"#)
  }

  func event(_ type: String, conversation: String = "c-1") {
    say(#"{"event_input":{"event_type":"\#(type)"}}"#, conversation: conversation)
  }

  func audio(_ count: Int, rate: Int = 8000) {
    var text: [UInt8] = []
    Base64.encode([UInt8](repeating: 0xFF, count: count), into: &text)
    say(
      #"{"audio_input":{"caller_audio_b64":"\#(String(decoding: text, as: UTF8.self))","encoding":"MULAW_FORMAT","#
        + #""sample_rate_hertz":\#(rate)}}"#)
  }

  func end(inOrder: Bool) {
    entry?.ended(inOrder: inOrder)
    entry = nil
    test.loops.settle()
  }

  // MARK: The server

  func send(text: [UInt8], isLast: Bool) -> Bool {
    guard hasRoom || isLast, closeCode == nil, let root = try? JSONDocument(text).root else { return false }
    sent.append(root)
    return true
  }

  func taken(bytes: Int) { takenBytes += bytes }
  func close(code: UInt16) { if closeCode == nil { closeCode = code } }

  /// The texts, events and errors of what was sent, in order.
  var told: [String] {
    sent.flatMap { message -> [String] in
      let payload = message["payload"]
      return (payload?["prompts"]?.elements.compactMap { $0["text"]?.string } ?? [])
        + (payload?["output_events"]?.elements.compactMap { $0["event_type"]?.string } ?? [])
        + (message["code"]?.string.map { ["\($0) \(message["status"]?.int ?? 0)"] } ?? [])
    }
  }
}
