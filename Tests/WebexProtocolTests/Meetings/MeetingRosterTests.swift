import BotEngine
import Testing

@testable import WebexProtocol

@Suite("A meeting's roster")
struct MeetingRosterTests {
  private func people(_ ids: String...) -> [MediaParticipant] { ids.map { .init(id: $0) } }

  private func roster() -> MeetingRoster {
    var roster = MeetingRoster()
    _ = roster.apply(RosterUpdate(sequenceNumber: 1, isRefresh: true, additions: people("a", "b", "c")))
    return roster
  }

  @Test("begins with everybody, and keeps up with who comes, changes and goes")
  func deltas() {
    var roster = roster()
    #expect(roster.isComplete)
    var outcome = roster.apply(RosterUpdate(sequenceNumber: 2, additions: people("d"), removals: ["b"]))
    #expect(outcome == .init(isChanged: true, needsRefresh: false, removed: ["b"]))
    #expect(roster.participants.map(\.id) == ["a", "c", "d"])
    outcome = roster.apply(RosterUpdate(sequenceNumber: 3, changes: [.init(id: "c", isVideoActive: true)]))
    #expect(roster.participants[1].isVideoActive)
    #expect(outcome.removed == [])
    #expect(roster.apply(RosterUpdate(sequenceNumber: 4, removals: ["nobody"])) == .init())
  }

  @Test("asks for everybody after a gap, takes what it has, and is whole again with a refresh")
  func gap() {
    var roster = roster()
    let outcome = roster.apply(RosterUpdate(sequenceNumber: 3, additions: people("d")))
    #expect(outcome == .init(isChanged: true, needsRefresh: true))
    #expect(roster.apply(RosterUpdate(sequenceNumber: 4, removals: ["a"])).needsRefresh)
    let refresh = roster.apply(RosterUpdate(sequenceNumber: 9, isRefresh: true, additions: people("b", "e")))
    #expect(refresh == .init(isChanged: true, needsRefresh: false, removed: ["c", "d"]))
    #expect(!roster.apply(RosterUpdate(sequenceNumber: 10, additions: people("f"))).needsRefresh)
  }

  @Test("asks for everybody where it begins with a change")
  func beginning() {
    var roster = MeetingRoster()
    #expect(roster.apply(RosterUpdate(sequenceNumber: 1, additions: people("a"))).needsRefresh)
  }

  @Test("leaves out an update that is older than the last, and one of nobody")
  func old() {
    var roster = roster()
    #expect(roster.apply(RosterUpdate(sequenceNumber: 1, removals: ["a"])) == .init())
    #expect(roster.apply(RosterUpdate(sequenceNumber: 2, additions: people(""))) == .init())
    #expect(roster.participants.count == 3)
  }

  @Test("keeps a bounded number of participants")
  func bound() {
    var roster = MeetingRoster()
    for page in 0..<7 {
      _ = roster.apply(
        RosterUpdate(
          sequenceNumber: UInt64(page + 1), isRefresh: page == 0,
          additions: (0..<1000).map { .init(id: "\(page)-\($0)") }))
    }
    #expect(roster.participants.count == MeetingRoster.maximumParticipants)
  }
}
