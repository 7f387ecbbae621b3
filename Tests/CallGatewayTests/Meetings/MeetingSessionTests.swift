import BotEngine
import GRPCTransport
import Testing
import WebexProtocol

@testable import CallGateway

@Suite("A meeting lives as long as its control stream, or until that does not come again")
struct MeetingSessionTests {
  private func opened(queues: Int = 1) throws -> (TestGateway, FakeRPC) {
    let test = try TestGateway(queues: queues)
    let control = try test.stream(.meetingControl)
    control.send(message: MediaMessage.control())
    #expect(control.status == nil && test.media.liveSessions == 1)
    return (test, control)
  }

  @Test("half-closed in order it is over")
  func completed() throws {
    let (test, control) = try opened()
    control.halfClose()
    #expect(control.status == .ok)
    test.advance(by: .seconds(60))
    #expect(test.media.liveSessions == 0)
    #expect(test.receiver.heard.last == "\(MediaEvent.ended(.completed))")
  }

  @Test("a control stream that was lost may come again on any queue, or the meeting is lost", arguments: [true, false])
  func lost(comesAgain: Bool) throws {
    let (test, control) = try opened(queues: 2)
    control.end(.cancelled)
    test.advance(by: .seconds(5))
    #expect(test.media.liveSessions == 1)
    if comesAgain {
      let again = try test.stream(.meetingControl, on: 1)
      again.send(message: MediaMessage.control())
      test.advance(by: .seconds(300))
      #expect(again.status == nil && test.media.liveSessions == 1)
    } else {
      test.advance(by: .seconds(300))
      #expect(test.media.liveSessions == 0)
      #expect(test.receiver.heard.last == "\(MediaEvent.ended(.lost))")
    }
  }

  @Test("a control stream that says nothing is no fault, but one that never opens is given up")
  func watchdog() throws {
    let (test, control) = try opened()
    let silent = try test.stream(.meetingControl)
    test.advance(by: .seconds(10))
    #expect(silent.status?.code == .deadlineExceeded)
    test.advance(by: .seconds(3600))
    #expect(control.status == nil)
  }

  @Test("of another organization it does not open")
  func foreign() throws {
    let test = try TestGateway()
    let control = try test.stream(.meetingControl)
    control.send(message: MediaMessage.control(organization: "other"))
    #expect(control.status?.code == .permissionDenied && test.media.liveSessions == 0)
  }

  @Test("what a receiver wishes for goes out on the control stream")
  func wishes() throws {
    let (test, control) = try opened()
    let before = control.sent.count
    test.receiver.session?.send(.requestRoster)
    test.loops.settle()
    #expect(control.sent.count == before + 1)
  }

  @Test("the longest meeting is a day")
  func length() throws {
    let (test, control) = try opened()
    test.advance(by: .seconds(86_400))
    #expect(test.media.liveSessions == 0 && control.status == .ok)
  }

  // MARK: Media

  private let packet = [UInt8](repeating: 0x55, count: 160)

  private func send(_ numbers: [UInt64], of participant: String = "p", on stream: FakeRPC) {
    for number in numbers { stream.send(message: MediaMessage.packet(packet, number, of: participant)) }
  }

  @Test("a packet that comes early waits for those before it, and no longer than sixty milliseconds")
  func order() throws {
    let test = try TestGateway()
    let (_, stream) = try test.meeting()
    send([1, 3, 2], on: stream)
    test.advance(by: .milliseconds(100))
    #expect(test.receiver.audio.map(\.samples.count) == [480])
    send([5], on: stream)
    test.advance(by: .milliseconds(59))
    send([6], on: stream)
    test.advance(by: .milliseconds(1))
    test.advance(by: .milliseconds(100))
    #expect(test.receiver.audio.map(\.samples.count) == [480, 320])
    // The lost one's place is free.
    #expect(test.receiver.audio.map(\.position).last == 640)
  }

  @Test("what waits for a packet that never came is played when its stream ends", arguments: [true, false])
  func waiting(isOrderly: Bool) throws {
    let test = try TestGateway()
    let (_, stream) = try test.meeting()
    send([2], on: stream)
    if isOrderly { stream.halfClose() } else { stream.end(.cancelled) }
    #expect(test.receiver.audio.map(\.samples.count) == [160])
  }

  @Test("a participant is one source on whatever streams, and gone with the roster")
  func participants() throws {
    let test = try TestGateway()
    let (control, stream) = try test.meeting()
    control.send(message: MediaMessage.roster(1, added: ["p", "q"]))
    let other = try test.stream(.meetingMedia)
    other.send(message: MediaMessage.audioStream("s-2"))
    send([1], on: stream)
    send([1], of: "p", on: other)
    send([2], of: "q", on: other)
    control.send(message: MediaMessage.roster(2, removed: ["p"]))
    let told = test.receiver.events.compactMap { event in
      switch event {
      case .sourceAdded(let source): "+" + source.id
      case .sourceRemoved(let id): "-" + id
      default: nil
      }
    }
    #expect(told == ["+p", "+q", "-p"])
  }

  @Test("those who were heard last have decoders; any other is heard again when it speaks")
  func decoders() throws {
    let test = try TestGateway()
    let (_, stream) = try test.meeting()
    for index in 0...MeetingSession.maximumDecoders {
      send([UInt64(index + 1)], of: "p-\(index)", on: stream)
    }
    let session = try #require(
      test.media.meetings.find(ConversationKey(organization: TestGateway.organization, conversation: "m-1")))
    let meeting = try test.loops.run(on: test.loops.loops[0]) { try #require(session.value as? MeetingSession) }
    #expect(meeting.participants.values.filter(\.isAwake).count == MeetingSession.maximumDecoders)
    #expect(meeting.participants["p-0"]?.isAwake == false)
    send([UInt64(MeetingSession.maximumDecoders + 2)], of: "p-0", on: stream)
    #expect(meeting.participants["p-0"]?.isAwake == true && meeting.participants["p-1"]?.isAwake == false)
  }

  @Test("a stream that is ten seconds ahead of real time is refused and leaves the meeting at once")
  func pace() throws {
    let test = try TestGateway()
    let (control, stream) = try test.meeting()
    let before = control.sent.count
    let second = [UInt8](repeating: 0x55, count: 8000)
    for number: UInt64 in 1...12 { stream.send(message: MediaMessage.packet(second, number, of: "p")) }
    #expect(stream.status?.code == .resourceExhausted && control.sent.count == before + 1)
    // Its id is free although the client has not been seen to go.
    let again = try test.stream(.meetingMedia)
    again.send(message: MediaMessage.audioStream("s-1"))
    #expect(again.status == nil)
  }

  @Test("a media stream of no meeting, or a second one of an id, is refused, and the meeting goes on")
  func refused() throws {
    let test = try TestGateway()
    let early = try test.stream(.meetingMedia)
    early.send(message: MediaMessage.audioStream("s-1"))
    #expect(early.status?.code == .failedPrecondition)
    let (control, stream) = try test.meeting()
    let double = try test.stream(.meetingMedia)
    double.send(message: MediaMessage.audioStream("s-1"))
    #expect(double.status?.code == .invalidArgument)
    #expect(control.status == nil && stream.status == nil)
  }

  @Test("a control stream that is refused leaves at once: the meeting waits half a minute for another, and no longer")
  func refusedControl() throws {
    let (test, control) = try opened()
    control.send(message: [0xFF])
    #expect(control.status?.code == .invalidArgument)
    test.advance(by: .milliseconds(29_999))
    #expect(test.media.liveSessions == 1)
    test.advance(by: .milliseconds(1))
    #expect(test.media.liveSessions == 0)
    #expect(test.receiver.heard.last == "\(MediaEvent.ended(.lost))")
  }
}
