/// A place in audio that was sent: its name, and when the caller will have heard what precedes it.
struct PlayoutMark: Equatable {
  var name: String
  var time: Duration
}

extension ConversationStateMachine {
  /// Marks that may wait at once, and the bytes of a name.
  static let maximumMarks = 256
  static let maximumMarkName = 1024

  /// A bot marks a place in its output.
  mutating func mark(_ name: String, turn outputTurn: Int, now: Duration) {
    guard name.utf8.count <= Self.maximumMarkName, marks.count + answer.markCount < Self.maximumMarks else {
      drops.overflowedOutputs += 1
      return tellDropped([name])
    }
    guard outputTurn >= turn else { return tellDropped([name]) }
    answer.mark(name)
    settleMarks(now: now)
    tellMarks(now: now)
  }

  /// Gives the marks whose audio was sent their time.
  mutating func settleMarks(now: Duration) {
    guard answer.markCount > 0 else { return }
    for mark in answer.takeMarks() {
      let time = playout.time(whenAheadIs: PlayoutClock.duration(ofBytes: mark.followedBy))
      marks.append(PlayoutMark(name: mark.name, time: time))
    }
  }

  /// Tells the bot of the marks that the playout clock has passed.
  mutating func tellMarks(now: Duration) {
    let passed = marks.prefix { $0.time <= now }
    guard !passed.isEmpty else { return }
    marks.removeFirst(passed.count)
    for mark in passed { actions.append(.tell(.mark(mark.name, played: true), turn: turn)) }
  }

  /// Tells the bot of marks that nothing will be played for any more.
  mutating func tellDropped(_ names: [String]) {
    for name in names { actions.append(.tell(.mark(name, played: false), turn: turn)) }
  }
}
