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

  /// Prepares a run on some loops.
  ///
  /// - Parameters:
  ///   - load: how many calls.
  ///   - clips: what is said: a turn each, in turn; each call begins with another one.
  ///   - template: the callers' settings; the conversation's id is made for each call.
  ///   - route: how to reach the server. Throws where the target or the TLS files are not usable.
  ///   - loops: the loops that hold the calls, evenly.
  public init(
    _ load: ReplayLoad, clips: [SpokenClip], template: CallerSettings, route: CallRoute, loops: [EventLoop]
  ) throws(RPCStatus) {
    let audio = WireAudio(clips: clips, format: template.format)
    var made: [ReplayLoop] = []
    for (place, loop) in loops.enumerated() {
      let mine = stride(from: place, to: load.calls, by: loops.count)
      var channels: [GRPCChannel] = []
      for _ in 0..<(Array(mine).count + load.callsPerChannel - 1) / load.callsPerChannel {
        channels.append(try route.channel(on: loop))
      }
      made.append(
        ReplayLoop(
          load: load, slots: Array(mine), clips: clips, audio: audio, template: template, route: route,
          channels: channels, loop: loop))
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

  /// No more calls; those that are up hang up after their turn.
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

/// The calls of one loop.
///
/// `@unchecked Sendable`: `published` is in a mutex, the other variables are touched on the loop only.
private final class ReplayLoop: @unchecked Sendable {
  private let load: ReplayLoad
  private let clips: [SpokenClip]
  private let audio: WireAudio
  private let template: CallerSettings
  private let route: CallRoute
  private let channels: [GRPCChannel]
  private let pacer: CallPacer
  private let loop: EventLoop

  /// Calls that are still to be begun, the next one last.
  private var due: [(slot: Int, at: Int64)] = []
  private var live: [Int: LiveCall] = [:]
  private var backOff: [Int: CallBackOff] = [:]
  private var hopeless: CallError?
  private var tally = ReplayTally()
  private var begin: Int64 = 0
  private var isStopping = false
  private var whenDone: CheckedContinuation<Void, Never>?
  private var nextReport: Int64 = 0
  private let published = Locked(ReplayRun.Progress())
  /// After so many refusals that cannot heal, and no other end of a call, nobody calls any more.
  private static let refusalsEnough = 10

  init(
    load: ReplayLoad, slots: [Int], clips: [SpokenClip], audio: WireAudio, template: CallerSettings, route: CallRoute,
    channels: [GRPCChannel], loop: EventLoop
  ) {
    self.load = load
    self.clips = clips
    self.audio = audio
    self.template = template
    self.route = route
    self.channels = channels
    self.loop = loop
    pacer = CallPacer(loop: loop)
    due = slots.reversed().map { ($0, 0) }
  }

  var progress: ReplayRun.Progress { published.withLock { $0 } }

  func run(from begin: Int64) async {
    await withCheckedContinuation { done in
      loop.execute {
        self.begin = begin
        self.whenDone = done
        self.due = self.due.map { ($0.slot, begin + self.load.start(of: $0.slot).inNanoseconds) }
        self.pacer.onLook = { [unowned self] now in look(now) }
        self.pacer.start()
      }
    }
  }

  func stop() {
    loop.execute {
      self.end(at: MonotonicClock.nanoseconds)
    }
  }

  private func look(_ now: Int64) {
    if !isStopping, let end = load.end, now >= begin + end.inNanoseconds {
      self.end(at: now)
    }
    while let next = due.last, next.at <= now {
      due.removeLast()
      dial(next.slot, at: now)
    }
    let isDone = live.isEmpty && due.isEmpty
    if now >= nextReport || isDone {
      nextReport = now + 250_000_000
      publish(isDone: isDone)
    }
    guard isDone, let whenDone else { return }
    self.whenDone = nil
    pacer.stop()
    for channel in channels { channel.close() }
    whenDone.resume()
  }

  private func end(at now: Int64) {
    isStopping = true
    due = []
    for call in Array(live.values) { call.endSoon(at: now) }
  }

  private func dial(_ slot: Int, at now: Int64) {
    var settings = template
    settings.conversation = RandomID.make()
    let first = clips.isEmpty ? 0 : slot % clips.count
    var steps = clips.indices.map { CallStep.speak(clip: (first + $0) % clips.count) }
    switch load.length {
    case .rounds(let rounds): steps = Array(repeatElement(steps, count: max(1, rounds)).joined())
    case .time: settings.repeatsSteps = true
    }
    let call = LiveCall(
      Caller(steps: steps, clips: clips, settings: settings),
      over: channels[slot / max(1, load.callsPerChannel) % channels.count], on: loop,
      metadata: route.metadata(trackingID: "patchbay_\(settings.conversation)"), audio: audio)
    call.onOver = { [unowned self, unowned call] outcome in over(call, slot, outcome) }
    live[slot] = call
    call.start(at: now)
    pacer.add(call)
  }

  private func over(_ call: LiveCall, _ slot: Int, _ outcome: CallOutcome) {
    tally.add(call.caller, connected: call.connected, unsent: call.unsent)
    live[slot] = nil
    if case .failed(let failure) = outcome, failure.isPermanent {
      let refused = tally.failures.values.filter(\.isPermanent).reduce(0) { $0 + (tally.errors[$1.name] ?? 0) }
      if load.end != nil || refused >= Self.refusalsEnough { hopeless = hopeless ?? failure }
      if refused >= Self.refusalsEnough, refused == tally.calls {
        due = []
        return
      }
    }
    guard !isStopping, load.end != nil else { return }
    guard let pause = backOff[slot, default: CallBackOff()].next(after: outcome, random: .random(in: 0...1)) else {
      return
    }
    let next = (slot: slot, at: MonotonicClock.nanoseconds + pause.inNanoseconds)
    // The next one last: later ones come before.
    due.insert(next, at: due.firstIndex { $0.at <= next.at } ?? due.endIndex)
  }

  private func publish(isDone: Bool) {
    var progress = ReplayRun.Progress(live: live.count, tally: tally, hopeless: hopeless)
    for call in live.values {
      progress.tally.framesSent += call.caller.framesSent
      progress.tally.turns += call.caller.turns.reduce(into: 0) { count, turn in
        if turn.result == .answered, turn.kind != .greeting { count += 1 }
      }
    }
    if isDone { progress.tally.add(pacer.times, as: .pacingLag) }
    published.withLock { $0 = progress }
  }
}

extension Duration {
  fileprivate var inNanoseconds: Int64 { Int64(inMicroseconds) * 1000 }
}
