import Testing
import WebexProtocol

@testable import ReplayKit

@Suite("Interactions over one socket")
struct SocketInteractionsTests {
  private let start = VoiceResponse(.final, events: [.init(.startOfInput)])
  private let end = VoiceResponse(.final, events: [.init(.endOfInput)])
  private let chunk = VoiceResponse(.chunk, prompts: [.init(audio: [1], isBargeInEnabled: true)])
  private let final = VoiceResponse(
    .final, prompts: [.init(audio: [], isBargeInEnabled: true)], inputMode: .voiceAndDTMF)

  private func event(_ kind: VoiceRequest.Event.Kind) -> VoiceRequest.Input { .event(.init(kind)) }

  /// After the greeting; audio is being sent on 2.
  private func listening() -> SocketInteractions {
    var lines = SocketInteractions()
    lines.open(1)
    #expect(lines.sent(event(.sessionStart), on: 1).isEmpty && lines.halfClose(1).isEmpty)
    #expect(lines.received(chunk) == .init(rpc: 1))
    #expect(lines.received(final) == .init(rpc: 1, completed: [1]))
    lines.open(2)
    lines.sentAudio(on: 2)
    return lines
  }

  @Test("A spoken turn belongs to the audio, and is over with its FINAL")
  func turn() {
    var lines = listening()
    #expect(lines.received(start) == .init(rpc: 2))
    #expect(lines.received(end) == .init(rpc: 2))
    #expect(lines.halfClose(2).isEmpty, "its answer is to come")
    #expect(lines.received(chunk) == .init(rpc: 2))
    #expect(lines.received(final) == .init(rpc: 2, completed: [2]))
    #expect(lines.rpcs.isEmpty && lines.received(final) == .init(), "nobody has asked")
  }

  @Test("Audio that nothing was heard in is over when something else is sent")
  func noInput() {
    var lines = listening()
    #expect(lines.halfClose(2) == [2])
    lines.open(3)
    #expect(lines.sent(event(.noInput), on: 3).isEmpty)
    #expect(lines.received(final) == .init(rpc: 3, completed: [3]))
  }

  @Test("START_OF_DTMF is answered by nothing; what had begun still has its FINAL, what had not never comes")
  func digits() {
    var begun = listening()
    _ = begun.received(end)
    _ = begun.received(chunk)
    begun.open(3)
    #expect(begun.sent(event(.startOfDTMF), on: 3) == [3])
    begun.open(4)
    #expect(begun.sent(.dtmf([.one]), on: 4).isEmpty)
    #expect(begun.received(final) == .init(rpc: 2, completed: [2]))
    #expect(begun.received(final) == .init(rpc: 4, completed: [4]))

    var thinking = listening()
    _ = thinking.received(end)
    thinking.open(3)
    #expect(thinking.sent(event(.startOfDTMF), on: 3) == [2, 3])
    thinking.open(4)
    _ = thinking.sent(.dtmf([.one]), on: 4)
    #expect(thinking.received(final) == .init(rpc: 4, completed: [4]))
  }

  @Test("The first key within audio ends it, without an answer")
  func digitsOverPrompt() {
    var lines = listening()
    #expect(lines.sent(event(.startOfDTMF), on: 2).isEmpty)
    #expect(lines.halfClose(2) == [2])
  }

  @Test("A caller who interrupts: the answer's FINAL comes first, an answer that has not begun never")
  func bargeIn() {
    var speaking = listening()
    _ = speaking.received(end)
    _ = speaking.received(chunk)
    speaking.open(3)
    speaking.sentAudio(on: 3)
    #expect(speaking.received(final) == .init(rpc: 2, completed: [2]))
    #expect(speaking.received(start) == .init(rpc: 3))

    var thinking = listening()
    _ = thinking.received(end)
    thinking.open(3)
    thinking.sentAudio(on: 3)
    #expect(thinking.received(start) == .init(rpc: 3, completed: [2]))
  }

  @Test("A transfer ends all that is open")
  func transfer() {
    var lines = listening()
    _ = lines.received(end)
    lines.open(3)
    lines.sentAudio(on: 3)
    let transfer = VoiceResponse(.final, events: [.init(.transferToAgent)])
    #expect(lines.received(transfer) == .init(rpc: 2, completed: [2, 3]))
  }

  @Test("A hang-up is over when the socket is")
  func hangUp() {
    var lines = listening()
    #expect(lines.halfClose(2) == [2])
    lines.open(3)
    #expect(lines.sent(event(.sessionEnd), on: 3).isEmpty && lines.halfClose(3).isEmpty)
    #expect(lines.rpcs == [3])
  }
}
