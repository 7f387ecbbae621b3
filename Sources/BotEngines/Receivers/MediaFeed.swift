import BotEngine
import Locking

/// What of a session is still to be sent to a server, over as many RPCs as that needs.
final class MediaFeed: Sendable {
  private struct State {
    var unsent: MediaEvent?
    var sources: [String: MediaSource] = [:]
    var roster: [MediaParticipant]?
    var isSensitive = false
    var wasBegun = false
    var isOver = false
  }

  private let events: MediaEvents
  private let state = Locked(State())

  init(_ events: MediaEvents) { self.events = events }

  var isOver: Bool { state.withLock { $0.isOver } }

  /// Whether there was an attempt before.
  func begin() -> Bool {
    state.withLock { state in
      defer { state.wasBegun = true }
      return state.wasBegun
    }
  }

  /// What a server has to know that comes in later: who is there, and whether what is heard must not be stored.
  var introduction: [MediaEvent] {
    state.withLock { state in
      state.sources.values.sorted { $0.id < $1.id }.map { .sourceAdded($0) }
        + (state.roster.map { [.roster($0)] } ?? []) + (state.isSensitive ? [.sensitive(true)] : [])
    }
  }

  /// The event to send next, kept until it was sent; `nil` at the end.
  func next() async -> MediaEvent? {
    if let unsent = state.withLock({ $0.unsent }) { return unsent }
    var iterator = events.makeAsyncIterator()
    guard let event = await iterator.next() else {
      state.withLock { $0.isOver = true }
      return nil
    }
    state.withLock { $0.unsent = event }
    return event
  }

  /// The server wants no more of the session.
  func close() { state.withLock { $0.isOver = true } }

  /// The event was sent, and is not sent again.
  func sent(_ event: MediaEvent) {
    state.withLock { state in
      state.unsent = nil
      switch event {
      case .sourceAdded(let source): state.sources[source.id] = source
      case .sourceRemoved(let id): state.sources[id] = nil
      case .roster(let participants): state.roster = participants
      case .sensitive(let isSensitive): state.isSensitive = isSensitive
      case .ended: state.isOver = true
      case .audio, .video: break
      }
    }
  }
}
