public import BotEngine

/// Who takes part in a meeting, kept up to date from numbered updates. A value: updates in, what follows out.
public struct MeetingRoster: Sendable, Equatable {
  /// What follows from an update.
  public struct Outcome: Sendable, Equatable {
    /// Somebody came, changed or left.
    public var isChanged = false
    /// An update is missing: the whole roster has to be asked for.
    public var needsRefresh = false
    /// The ids of those who are gone.
    public var removed: [String] = []
  }

  /// Participants that are kept; more are left out.
  public static let maximumParticipants = 5000

  /// Everybody, in the order in which they came.
  public private(set) var participants: [MediaParticipant] = []
  /// Whether a whole roster has come and nothing is missing since.
  public private(set) var isComplete = false
  private var last: UInt64?
  private var places: [String: Int] = [:]

  /// An empty roster, which is not complete.
  public init() {}

  /// Takes an update. One that is older than the last is left out. One after a gap is taken for what it is worth.
  public mutating func apply(_ update: RosterUpdate) -> Outcome {
    var outcome = Outcome()
    let before = participants
    if update.isRefresh {
      participants = []
      places = [:]
      isComplete = true
    } else {
      if let last, update.sequenceNumber <= last { return outcome }
      if last.map({ update.sequenceNumber != $0 &+ 1 }) ?? true { isComplete = false }
    }
    last = update.sequenceNumber
    for participant in update.additions { put(participant) }
    for participant in update.changes { put(participant) }
    for id in update.removals { remove(id) }
    outcome.isChanged = participants != before
    outcome.needsRefresh = !isComplete
    if outcome.isChanged { outcome.removed = before.map(\.id).filter { places[$0] == nil } }
    return outcome
  }

  private mutating func put(_ participant: MediaParticipant) {
    guard !participant.id.isEmpty else { return }
    if let place = places[participant.id] {
      participants[place] = participant
    } else if participants.count < Self.maximumParticipants {
      places[participant.id] = participants.count
      participants.append(participant)
    }
  }

  private mutating func remove(_ id: String) {
    guard let place = places.removeValue(forKey: id) else { return }
    participants.remove(at: place)
    for index in place..<participants.count { places[participants[index].id] = index }
  }
}
