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
  /// Open Watch streams at most, since health is open to everybody.
  public static let mostWatches = 256
  /// Open Watch streams of one connection.
  public static let mostWatchesPerConnection = 32
  /// RPCs that may wait for their message at once.
  public static let mostWaiting = 16

  private struct State {
    var services: [String: ServingStatus]
    var watches = HealthPlaces<LoopBound<HealthWatch>>(
      most: HealthStatus.mostWatches, mostPerConnection: HealthStatus.mostWatchesPerConnection, oldestGivesWay: false)
    var requests = HealthPlaces<LoopBound<HealthRequest>>(
      most: HealthStatus.mostWaiting, mostPerConnection: HealthStatus.mostWaiting, oldestGivesWay: true)
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
      return state.watches.holders
    }
    for watch in watches { watch.execute { $0.update() } }
  }

  /// The status of a service; nil where it is not known.
  public func status(of service: String = "") -> ServingStatus? { state.withLock { $0.services[service] } }

  /// Says that nothing is served any more and ends the Watch streams, so that they do not hold up a shutdown.
  public func finish() {
    let watches = state.withLock { state in
      state.isOver = true
      for service in state.services.keys { state.services[service] = .notServing }
      defer { state.watches.removeAll() }
      return state.watches.holders
    }
    for watch in watches {
      watch.execute {
        $0.update()
        $0.call.finish(RPCStatus(.unavailable, "the server is going down"))
      }
    }
  }

  /// A number to forget the watch by; nil where there are too many or the server is going down.
  func add(_ watch: LoopBound<HealthWatch>, connection: String) -> Int? {
    let place = state.withLock { $0.isOver ? nil : $0.watches.enter(watch, connection) }
    place?.givesWay?.execute { $0.giveWay() }
    return place?.number
  }

  func forget(_ watch: Int) { state.withLock { $0.watches.leave(watch) } }

  /// A place to wait for a message in; who has waited longest gives way. Nil where the server is going down.
  func beginRequest(_ request: LoopBound<HealthRequest>, connection: String) -> Int? {
    let place = state.withLock { $0.isOver ? nil : $0.requests.enter(request, connection) }
    place?.givesWay?.execute { $0.giveUp() }
    return place?.number
  }

  func endRequest(_ number: Int) { state.withLock { $0.requests.leave(number) } }
}
