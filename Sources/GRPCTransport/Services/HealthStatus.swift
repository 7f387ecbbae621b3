import Locking

/// Whether a service takes calls.
public enum ServingStatus: Int32, Sendable, CaseIterable {
  /// Not known yet.
  case unknown = 0
  /// Takes calls.
  case serving = 1
  /// Takes none now.
  case notServing = 2
}

/// What the health services report, by service name; the empty name is the server as a whole. From any thread.
public final class HealthStatus: Sendable {
  /// Open Watch streams at most; one more is refused, since health is open to everybody.
  public static let mostWatches = 256

  private struct State {
    var services: [String: ServingStatus]
    var watches: [Int: LoopBound<HealthWatch>] = [:]
    var nextWatch = 0
    var isOver = false
  }

  private let state: Locked<State>

  /// The services known from the start. The server as a whole is not serving until it is said to be.
  public init(_ services: [String: ServingStatus] = ["": .notServing]) {
    state = Locked(State(services: services))
  }

  /// Sets a service's status and tells everybody who watches it.
  public func set(_ status: ServingStatus, for service: String = "") {
    let watches = state.withLock { state in
      state.services[service] = status
      return state.watches
    }
    for watch in watches.values { watch.execute { $0.update() } }
  }

  /// The status of a service; nil where it is not known.
  public func status(of service: String = "") -> ServingStatus? { state.withLock { $0.services[service] } }

  /// Says that nothing is served any more and ends the Watch streams, so that they do not hold up a shutdown.
  public func finish() {
    let watches = state.withLock { state in
      state.isOver = true
      for service in state.services.keys { state.services[service] = .notServing }
      defer { state.watches = [:] }
      return state.watches
    }
    for watch in watches.values {
      watch.execute {
        $0.update()
        $0.call.finish(RPCStatus(.unavailable, "the server is going down"))
      }
    }
  }

  /// A number to forget the watch by; nil where there are too many or the server is going down.
  func add(_ watch: LoopBound<HealthWatch>) -> Int? {
    state.withLock { state in
      if state.isOver || state.watches.count >= Self.mostWatches { return nil }
      state.nextWatch += 1
      state.watches[state.nextWatch] = watch
      return state.nextWatch
    }
  }

  func forget(_ watch: Int) { state.withLock { $0.watches[watch] = nil } }
}
