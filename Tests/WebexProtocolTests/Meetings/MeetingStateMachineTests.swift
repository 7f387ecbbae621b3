import Testing

@testable import WebexProtocol

@Suite("A meeting")
struct MeetingStateMachineTests {
  private let settings = MeetingSettings(videoStreams: 2, resolution: .hd, framesPerSecond: 10)

  private func opening(_ stream: String, _ type: MeetingMediaType) -> MeetingStreamOpen {
    MeetingStreamOpen(streamID: stream, mediaType: type, organizationID: "o", conversationID: "c")
  }

  private func everybody(_ number: UInt64 = 1, seen: [String] = []) -> MeetingControl {
    .roster(
      RosterUpdate(
        sequenceNumber: number, isRefresh: true,
        additions: ["a", "b", "c"].map { .init(id: $0, isVideoActive: seen.contains($0)) }))
  }

  private func open(_ settings: MeetingSettings? = nil) -> MeetingStateMachine {
    var machine = MeetingStateMachine(settings: settings ?? self.settings, now: .zero)
    _ = machine.controlOpened(now: .zero)
    return machine
  }

  private func running(seen: [String] = []) -> MeetingStateMachine {
    var machine = open()
    _ = machine.control(everybody(seen: seen), now: .zero)
    return machine
  }

  @Test("asks for media when the first roster is there, for the video of those whose cameras are on")
  func asking() {
    var machine = open()
    let actions = machine.control(everybody(seen: ["b", "c"]), now: .zero)
    #expect(
      actions.dropFirst() == [
        .send(.requestAudio(.opus, streams: 3)),
        .send(.requestVideo(participants: ["b", "c"], .hd, framesPerSecond: 10)),
      ])
    guard case .roster(let participants, removed: []) = actions.first else {
      Issue.record("no roster")
      return
    }
    #expect(participants.map(\.id) == ["a", "b", "c"])
    // Who is seen has not changed.
    #expect(machine.control(.roster(RosterUpdate(sequenceNumber: 2, removals: ["a"])), now: .zero).count == 1)
    let changed = machine.control(.roster(RosterUpdate(sequenceNumber: 3, removals: ["b"])), now: .zero)
    #expect(changed.last == .send(.requestVideo(participants: ["c"], .hd, framesPerSecond: 10)))
  }

  @Test("asks for media after two seconds where no roster comes, and for no video that nobody wants")
  func impatience() {
    var machine = open(MeetingSettings(audioCodec: .mulaw, audioStreams: 1))
    #expect(machine.deadline == .seconds(2))
    #expect(machine.tick(now: .milliseconds(1999)) == [])
    #expect(machine.tick(now: .seconds(2)) == [.send(.requestAudio(.mulaw, streams: 1))])
    #expect(machine.deadline == nil)
    #expect(machine.control(everybody(seen: ["a"]), now: .seconds(3)).count == 1)
  }

  @Test("asks for the roster once a second at most while an update is missing")
  func rosterGap() {
    var machine = running()
    let gap = MeetingControl.roster(RosterUpdate(sequenceNumber: 3, changes: [.init(id: "a", isCohost: true)]))
    #expect(machine.control(gap, now: .seconds(1)).contains(.send(.requestRoster)))
    let next = MeetingControl.roster(RosterUpdate(sequenceNumber: 4, removals: ["b"]))
    #expect(!machine.control(next, now: .milliseconds(1900)).contains(.send(.requestRoster)))
    let further = MeetingControl.roster(RosterUpdate(sequenceNumber: 5, removals: ["c"]))
    #expect(machine.control(further, now: .seconds(2)).contains(.send(.requestRoster)))
    #expect(!machine.control(everybody(6), now: .seconds(4)).contains(.send(.requestRoster)))
  }

  @Test("takes as many streams as it asked for, of audio and of video, and each once")
  func streams() throws {
    var machine = running()
    for number in 0..<3 { try machine.mediaOpened(opening("a\(number)", .audio)) }
    for number in 0..<2 { try machine.mediaOpened(opening("v\(number)", .video)) }
    func code(_ open: MeetingStreamOpen) -> MeetingErrorCode? {
      do {
        try machine.mediaOpened(open)
        return nil
      } catch { return error.code }
    }
    #expect(code(opening("a3", .audio)) == .capacityExceeded)
    #expect(code(opening("v2", .video)) == .capacityExceeded)
    #expect(code(opening("a0", .audio)) == .configurationError)
    #expect(code(opening("c", .control)) == .unsupportedMediaType)
    #expect(code(opening("u", .unspecified)) == .unsupportedMediaType)
    #expect(machine.mediaClosed("a1") == [])
    #expect(code(opening("a3", .audio)) == nil)
  }

  @Test("asks for a key frame after a loss of video, once a second and stream at most")
  func keyframes() throws {
    var machine = running()
    try machine.mediaOpened(opening("v", .video))
    try machine.mediaOpened(opening("a", .audio))
    #expect(machine.videoLost("v", now: .seconds(1)) == [.send(.requestKeyframe(streamID: "v"))])
    #expect(machine.videoLost("v", now: .milliseconds(1500)) == [])
    #expect(machine.videoLost("v", now: .seconds(2)) == [.send(.requestKeyframe(streamID: "v"))])
    #expect(machine.videoLost("a", now: .seconds(9)) == [])
    #expect(machine.videoLost("unknown", now: .seconds(9)) == [])
  }

  @Test("ends when the platform closes it and its streams are closed, or two seconds later")
  func closing() throws {
    var machine = running()
    try machine.mediaOpened(opening("a", .audio))
    #expect(machine.control(.close(.normal), now: .seconds(5)) == [.finishControl])
    var other = machine
    #expect(machine.mediaClosed("a") == [.ended(.completed)])
    #expect(machine.isOver)
    #expect(other.tick(now: .seconds(6)) == [])
    #expect(other.tick(now: .seconds(7)) == [.ended(.completed)])
    var third = running()
    #expect(third.controlClosed(isOrderly: true, now: .zero) == [.finishControl, .ended(.completed)])
    #expect(third.controlOpened(now: .zero) == [.finishControl])
  }

  @Test("outlives the loss of its control stream for half a minute, and asks for everything anew when it comes again")
  func reconnecting() {
    var machine = running(seen: ["a"])
    #expect(machine.controlClosed(isOrderly: false, now: .seconds(10)) == [])
    #expect(machine.tick(now: .seconds(39)) == [])
    var lost = machine
    #expect(
      machine.controlOpened(now: .seconds(39)) == [
        .send(.requestAudio(.opus, streams: 3)),
        .send(.requestVideo(participants: ["a"], .hd, framesPerSecond: 10)), .send(.requestRoster),
      ])
    #expect(lost.tick(now: .seconds(40)) == [.ended(.lost)])
    #expect(lost.deadline == nil)
  }

  @Test("grants what a receiver wishes for, within what the platform gives")
  func wishes() throws {
    var machine = running()
    #expect(machine.wish(.requestAudio(streams: 9), now: .zero) == [.send(.requestAudio(.opus, streams: 3))])
    #expect(machine.wish(.requestAudio(streams: 1), now: .zero) == [.send(.requestAudio(.opus, streams: 1))])
    #expect(
      machine.wish(.requestVideo(participants: ["c", "b", "a"]), now: .zero) == [
        .send(.requestVideo(participants: ["c", "b"], .hd, framesPerSecond: 10))
      ])
    try machine.mediaOpened(opening("a", .audio))
    #expect(machine.wish(.endStream("a"), now: .zero) == [.finishMedia(streamID: "a")])
    #expect(machine.wish(.endStream("b"), now: .zero) == [])
    #expect(machine.wish(.requestRoster, now: .zero) == [.send(.requestRoster)])
    #expect(machine.wish(.requestKeyframe(stream: "a"), now: .zero) == [])
    var plain = open(MeetingSettings())
    #expect(plain.wish(.requestVideo(participants: ["a"]), now: .zero) == [])
  }

  @Test("tells of the platform's errors")
  func errors() {
    var machine = running()
    let error = MeetingStreamError(streamID: "a", code: .mediaUnavailable, message: "")
    #expect(machine.control(.error(error), now: .zero) == [.reported(.mediaUnavailable)])
    #expect(machine.control(.unknown, now: .zero) == [])
  }
}
