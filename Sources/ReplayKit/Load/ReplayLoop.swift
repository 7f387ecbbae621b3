import Basics
import GRPCTransport
import Locking

/// The calls of one loop.
///
/// `@unchecked Sendable`: `published` is in a mutex, the other variables are touched on the loop only.
final class ReplayLoop: @unchecked Sendable {
  /// A call that is up.
  private struct Live {
    let call: LiveCall
    let script: CallScript
    /// When it was begun, in the run's time.
    let begun: Duration
    /// When it was to begin.
    let due: Duration
    /// What happens in it, where it is kept to be looked at.
    let story: KeptEvents?
    /// Frames that were sent before the run's warm-up was over.
    var framesBefore = 0
  }

  /// What happens in a call: touched on the loop only.
  private final class KeptEvents {
    var events: [(event: CallEvent, at: Duration)] = []
  }

  private let load: ReplayLoad
  private let scripts: [CallScript]
  private let template: CallerSettings
  private let route: CallRoute
  /// Connections, or the one way to sockets.
  private let carriers: [CallCarrier]
  private let place: Int
  private let stride: Int
  private let isRecorded: Bool
  private let pacer: CallPacer
  private let loop: EventLoop

  private var plan: any CallPlan
  private var live: [Int: Live] = [:]
  private var hopeless: CallError?
  /// Calls that are over, and those of them that were refused in a way that cannot heal.
  private var ended = (all: 0, refused: 0)
  /// How often each caller who calls again has called.
  private var made: [Int: Int] = [:]
  private var tally = ReplayTally()
  private var begin: Int64 = 0
  private var isWarm = false
  private var whenDone: CheckedContinuation<Void, Never>?
  private var nextReport: Int64 = 0
  private let published = Locked(ReplayRun.Progress())
  private var samples: CallSamples
  private let publishedSamples: Locked<CallSamples>
  private var lateFrames = 0
  /// After so many refusals that cannot heal, and no other end of a call, nobody calls any more.
  private static let refusalsEnough = 10

  init(
    load: ReplayLoad, place: Int, stride: Int, scripts: [CallScript], template: CallerSettings, route: CallRoute,
    carriers: [CallCarrier], loop: EventLoop, samples: Int
  ) {
    self.load = load
    self.scripts = scripts
    isRecorded = scripts.contains { $0.recorded != nil }
    self.template = template
    self.route = route
    self.carriers = carriers
    self.place = place
    self.stride = stride
    self.loop = loop
    self.samples = CallSamples(most: samples)
    publishedSamples = Locked(self.samples)
    pacer = CallPacer(loop: loop)
    plan =
      switch load.drive {
      case .calls: HeldCalls(load, place: place, stride: stride)
      case .arrivals(let spread, let cap): ArrivingCalls(load, spread, cap: cap, place: place, stride: stride)
      }
  }

  var progress: ReplayRun.Progress { published.withLock { $0 } }
  var keptSamples: CallSamples { publishedSamples.withLock { $0 } }

  func run(from begin: Int64) async {
    await withCheckedContinuation { done in
      loop.execute {
        self.begin = begin
        self.whenDone = done
        self.pacer.onLook = { [unowned self] now in look(now) }
        self.pacer.start()
      }
    }
  }

  func stop() {
    loop.execute {
      let now = MonotonicClock.nanoseconds
      self.carryOut(self.plan.stop(at: self.time(now), endsCalls: true), at: now)
    }
  }

  private func time(_ now: Int64) -> Duration { .nanoseconds(now - begin) }

  private func look(_ now: Int64) {
    if !isWarm, time(now) >= load.warmUp {
      isWarm = true
      pacer.forget()
      lateFrames = 0
      for (slot, call) in live { live[slot]?.framesBefore = call.call.caller.framesSent }
    }
    carryOut(plan.look(at: time(now)), at: now)
    let isDone = plan.isDone
    if now >= nextReport || isDone {
      nextReport = now + 250_000_000
      publish(isDone: isDone)
    }
    guard isDone, let whenDone else { return }
    self.whenDone = nil
    pacer.stop()
    for case .channel(let channel) in carriers { channel.close() }
    whenDone.resume()
  }

  private func carryOut(_ orders: [CallOrder], at now: Int64) {
    for order in orders {
      switch order {
      case .begin(let slot, let number, let due): dial(slot, number: number, due: due, at: now)
      case .endSoon(let slot): live[slot]?.call.endSoon(at: now)
      case .miss(let delay): if time(now) - delay >= load.warmUp { tally.miss(after: delay) }
      }
    }
  }

  private func dial(_ slot: Int, number: Int, due: Duration?, at now: Int64) {
    var settings = template
    settings.conversation = RandomID.make()
    let script = script(slot, number: number)
    settings.repeatsSteps = load.rounds == nil
    script.adjust(&settings)
    let story = samples.wantsMore ? KeptEvents() : nil
    if story != nil {
      samples.live += 1
      settings.keepsAudio = true
      settings.keptAudio = CallSample.longest
    }
    let rounds = script.recorded == nil ? load.rounds ?? 1 : 1
    // A loop's connections are shared by its calls in the order of their slots; those of held calls count all loops'.
    let mine = load.drive == .calls ? slot / stride : slot
    let carrier = carriers[(load.channels == nil ? mine / load.callsPerChannel : mine) % carriers.count]
    let call = LiveCall(
      Caller(
        steps: Array(repeatElement(script.steps, count: rounds).joined()), clips: script.clips, settings: settings),
      over: carrier, on: loop, route: route, trackingID: "patchbay_\(settings.conversation)", audio: script.audio)
    call.onOver = { [unowned self] outcome in over(slot, outcome) }
    if let story {
      call.onEvent = { event, time in
        guard time <= CallSample.longest, story.events.count < CallSample.mostEvents else { return }
        story.events.append((event, time))
      }
    }
    let time = time(now)
    tally.series.begin(at: time)
    live[slot] = Live(call: call, script: script, begun: time, due: due ?? time, story: story)
    if let due, due >= load.warmUp { tally.begin(after: time - due) }
    call.start(at: now)
    pacer.add(call)
  }

  /// What a call does. Callers who speak clips do the same in each of their calls; recorded calls come one after the other.
  private func script(_ slot: Int, number: Int) -> CallScript {
    guard load.drive == .calls, isRecorded else { return scripts[number % scripts.count] }
    let before = made[slot, default: 0]
    made[slot] = before + 1
    return scripts[(number + before * load.mostCalls) % scripts.count]
  }

  private func over(_ slot: Int, _ outcome: CallOutcome) {
    guard let call = live.removeValue(forKey: slot) else { return }
    let now = MonotonicClock.nanoseconds
    let before = tally.errorCount
    if isWarm {
      tally.add(
        call.call.caller, connected: call.call.connected, unsent: call.call.unsent, delay: call.begun - call.due,
        from: load.warmUp - call.begun, framesBefore: call.framesBefore)
      if call.begun >= load.warmUp { tally.judge(call.call.caller, by: call.script) }
    }
    let caller = call.call.caller
    tally.series.add(caller, begun: call.begun, over: time(now), errors: tally.errorCount - before)
    if let story = call.story {
      samples.live -= 1
      let failed = call.script.recorded?.expectations(caller).count { !$0.isKept } ?? 0
      samples.add(
        CallSample(caller, name: call.script.name, outcome: outcome, failed: failed, events: story.events))
      publishedSamples.withLock { $0 = samples }
    }
    ended.all += 1
    plan.over(slot: slot, outcome, at: time(now), random: .random(in: 0...1))
    guard case .failed(let failure) = outcome, failure.isPermanent else { return }
    ended.refused += 1
    if load.end != nil || ended.refused >= Self.refusalsEnough { hopeless = hopeless ?? failure }
    guard ended.refused >= Self.refusalsEnough, ended.refused == ended.all else { return }
    carryOut(plan.stop(at: time(now), endsCalls: false), at: now)
  }

  private func publish(isDone: Bool) {
    let now = time(MonotonicClock.nanoseconds)
    tally.series.note(live: live.count, at: now)
    tally.series.late(pacer.lateFrames - lateFrames, at: now)
    lateFrames = pacer.lateFrames
    var progress = ReplayRun.Progress(live: live.count, tally: tally, hopeless: hopeless)
    for call in live.values {
      progress.tally.framesSent += call.call.caller.framesSent - call.framesBefore
      progress.tally.turns += call.call.caller.turns.reduce(into: 0) { count, turn in
        if turn.result == .answered, turn.kind != .greeting { count += 1 }
      }
    }
    progress.tally.lateFrames = pacer.lateFrames
    if isDone { progress.tally.add(pacer.times, as: .pacingLag) }
    published.withLock { $0 = progress }
  }
}
