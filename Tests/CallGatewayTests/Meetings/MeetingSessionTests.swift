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
}
