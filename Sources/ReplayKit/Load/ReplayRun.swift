import Basics
public import GRPCTransport
import Locking

/// Many callers at once.
public final class ReplayRun: Sendable {
  /// How far a run is.
  public struct Progress: Sendable {
    /// Calls that are up.
    public var live = 0
    /// What was counted: calls that are over, and the turns and frames of those that are up.
    public var tally = ReplayTally()
    /// Why no more calls are made before their time: refusals that cannot heal.
    public var hopeless: CallError?
  }

  private let loops: [ReplayLoop]

  /// Prepares a run in which every call speaks clips: a turn each, in turn; each call begins with another one.
  public convenience init(
    _ load: ReplayLoad, clips: [SpokenClip], template: CallerSettings, route: CallRoute, loops: [EventLoop]
  ) throws(RPCStatus) {
    try self.init(
      load, scripts: CallScript.speaking(clips, format: template.format), template: template, route: route, loops: loops
    )
  }

  /// Prepares a run on some loops.
  ///
  /// - Parameters:
  ///   - load: how many calls, and when. A recorded call is played once, and begun anew where the load goes on.
  ///   - scripts: what calls do, one after the other; at least one.
  ///   - template: the callers' settings; the conversation's id is made for each call.
  ///   - route: how to reach the server. Throws where the target or the TLS files are not usable.
  ///   - loops: the loops that hold the calls, evenly.
  ///   - samples: so many calls are kept to be looked at and listened to.
  public init(
    _ load: ReplayLoad, scripts: [CallScript], template: CallerSettings, route: CallRoute, loops: [EventLoop],
    samples: Int = 0
  ) throws(RPCStatus) {
    var made: [ReplayLoop] = []
    for (place, loop) in loops.enumerated() {
      let share = { (whole: Int) in max(1, (whole - place + loops.count - 1) / loops.count) }
      let count =
        load.channels.map(share) ?? (share(load.mostCalls) + load.callsPerChannel - 1) / load.callsPerChannel
      var carriers: [CallCarrier] = []
      for _ in 0..<(route.socket == nil ? count : 1) { carriers.append(try route.carrier(on: loop)) }
      made.append(
        ReplayLoop(
          load: load, place: place, stride: loops.count, scripts: scripts, template: template, route: route,
          carriers: carriers, loop: loop, samples: samples))
    }
    self.loops = made
  }

  /// Makes the calls and returns when all are over.
  ///
  /// A caller who is refused in a way that cannot heal does not call again; where the first callers are all refused so,
  /// nobody calls any more.
  public func run() async -> (tally: ReplayTally, wall: Duration) {
    let begin = MonotonicClock.nanoseconds
    await withTaskGroup(of: Void.self) { group in
      for loop in loops { group.addTask { await loop.run(from: begin) } }
    }
    var tally = ReplayTally()
    for loop in loops { tally.add(loop.progress.tally) }
    return (tally, .nanoseconds(MonotonicClock.nanoseconds - begin))
  }

  /// The calls that were kept: the first that ended, and the worst.
  public var samples: [CallSample] {
    guard var all = loops.first?.keptSamples else { return [] }
    for loop in loops.dropFirst() { all.add(loop.keptSamples) }
    return all.kept
  }

  /// No more calls are begun; those that are up hang up after their turn.
  public func stop() { for loop in loops { loop.stop() } }

  /// How far it is.
  public var progress: Progress {
    var sum = Progress()
    for loop in loops {
      let progress = loop.progress
      sum.live += progress.live
      sum.tally.add(progress.tally)
      sum.hopeless = sum.hopeless ?? progress.hopeless
    }
    return sum
  }
}
