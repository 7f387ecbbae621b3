import AudioCodecs
import Basics
public import GRPCTransport
public import WebexProtocol

/// A call that a person holds at a telephone: what they say and press goes out as it happens, and what they hear comes
/// in as it plays. Around it is the platform as ``Caller`` plays it.
public final class PhoneCall: Sendable {
  /// What is new in the call. All times count from its start.
  public enum News: Sendable {
    /// Something happened.
    case event(CallEvent, at: Duration)
    /// A turn began or changed.
    case turn(Int, CallReport.Turn)
    /// A stretch of one side's audio, mu-law at 8,000 Hz, that begins at so many samples from the start of the call.
    /// What is silent is left out. It comes in order, at most 100 ms after it was heard or sent.
    case audio(CallTimeline.Side, position: Int, [UInt8])
    /// The call is over, and nothing follows.
    case over(CallReport)
  }

  /// How often audio is told: 40 ms.
  private static let stretch = CallTimeline.sampleRate / 25
  /// What the caller says is told so much later: a frame that leaves late is still in it.
  private static let callerDelay = CallTimeline.sampleRate * 3 / 50

  /// A server that has not answered by then is hung up on all the same.
  private static let connecting: Duration = .seconds(2)

  private let call: LiveCall
  private let loop: EventLoop
  private let reporter: PhoneReporter

  /// Places a call at once, on a connection of its own. Throws where the target or the TLS files are not usable; a server
  /// that cannot be reached is the call's outcome.
  ///
  /// - Parameters:
  ///   - limit: the caller hangs up after so long.
  ///   - voice: speaks texts that are meant for the platform's own voice, at 8,000 Hz; gives `nil` where it cannot.
  ///   - news: is told what is new, in order, on the loop; must not wait.
  public init(
    _ settings: CallerSettings, over route: CallRoute, loop: EventLoop, limit: Duration,
    voice: (@Sendable (_ text: String) async -> [Int16]?)? = nil, news: @escaping @Sendable (News) -> Void
  ) throws(RPCStatus) {
    var settings = settings
    settings.keepsAudio = true
    let carrier = try route.carrier(on: loop)
    let call = LiveCall(
      Caller(live: settings), over: carrier, on: loop, route: route, trackingID: "patchbay_\(RandomID.make())",
      audio: WireAudio(clips: [], format: settings.format))
    call.voice = voice
    self.call = call
    self.loop = loop
    let pacer = CallPacer(loop: loop)
    let reporter = PhoneReporter(news)
    self.reporter = reporter
    call.onEvent = { [unowned call] event, time in reporter.report(event, at: time, of: call.caller) }
    call.onOver = { [unowned call] outcome in
      pacer.stop()
      reporter.reportAudio(of: call, upTo: .max)
      news(.over(CallReport(call.caller, outcome: outcome)))
    }
    pacer.onLook = { now in
      reporter.reportAudio(of: call, upTo: CallTimeline.position(call.time(now)))
      if reporter.hangsUp || call.time(now) >= limit { Self.hangUp(call, at: now) }
    }
    loop.execute {
      call.start(at: MonotonicClock.nanoseconds)
      pacer.add(call)
      pacer.start()
    }
  }

  /// 20 ms from the microphone, in the format of the wire.
  public func hear(_ frame: [UInt8]) {
    change { caller, now in caller.hear(frame, at: now) }
  }

  /// Presses a key.
  public func press(_ key: DTMFKey) {
    change { caller, now in caller.press(key, at: now) }
  }

  /// Says a clip as soon as the platform listens. `answer` is told, on the loop, whether it will: not while another one
  /// is being said.
  public func say(_ clip: SpokenClip, answer: @escaping @Sendable (Bool) -> Void) {
    change { caller, now in answer(caller.say(clip, at: now)) }
  }

  /// Hangs up, as a caller does; the end follows.
  public func hangUp() {
    loop.execute { [reporter] in reporter.hangsUp = true }
  }

  /// Before there is a connection the RPC that ends the call could overtake the one that begins it.
  private static func hangUp(_ call: LiveCall, at now: Int64) {
    guard call.connected != nil || call.time(now) >= connecting else { return }
    call.hangUp(at: now)
  }

  private func change(_ body: @escaping @Sendable (inout Caller, Duration) -> Void) {
    loop.execute { [call] in call.change(at: MonotonicClock.nanoseconds, body) }
  }

  /// Tells what is new since the last time.
  ///
  /// `@unchecked Sendable`: it is touched on the call's loop only.
  private final class PhoneReporter: @unchecked Sendable {
    /// Turns before the last few do not change any more.
    private static let recentTurns = 4

    /// The person has hung up.
    var hangsUp = false
    private let news: @Sendable (News) -> Void
    private var told: [CallTurn] = []
    private var heard = 0
    private var said = 0

    init(_ news: @escaping @Sendable (News) -> Void) { self.news = news }

    func report(_ event: CallEvent, at time: Duration, of caller: Caller) {
      news(.event(event, at: time))
      let turns = caller.turns
      for index in max(0, turns.count - Self.recentTurns)..<turns.count {
        if told.indices.contains(index) {
          guard told[index] != turns[index] else { continue }
          told[index] = turns[index]
        } else {
          told.append(turns[index])
        }
        news(.turn(index, CallReport.Turn(turns[index], clips: caller.clips.map(\.name))))
      }
    }

    /// - Parameter now: in samples from the start of the call.
    func reportAudio(of call: LiveCall, upTo now: Int) {
      let end = CallTimeline.position(call.caller.timeline.end)
      let isLast = now == .max
      let timeline = call.caller.timeline
      Self.report(.agent, timeline, from: &heard, to: isLast ? end : now, isLast, news)
      Self.report(.caller, timeline, from: &said, to: isLast ? end : now - PhoneCall.callerDelay, isLast, news)
      call.forgetAudio(before: min(heard, said))
    }

    private static func report(
      _ side: CallTimeline.Side, _ timeline: CallTimeline, from start: inout Int, to end: Int, _ isLast: Bool,
      _ news: @Sendable (News) -> Void
    ) {
      while end - start >= PhoneCall.stretch || isLast && end > start {
        let next = min(end, start + PhoneCall.stretch)
        if let samples = timeline.samples(of: side, in: start..<next) {
          news(.audio(side, position: start, AudioEncoding.mulaw.encode(samples)))
        }
        start = next
      }
    }
  }
}
