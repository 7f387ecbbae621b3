import Basics
public import GRPCTransport

/// What is new in a call.
public enum CallNews: Sendable {
  /// Something happened.
  case event(CallEvent, at: Duration)
  /// How loud both sides are, in dBFS, ten times a second.
  case levels(caller: Double, agent: Double, at: Duration)
  /// The call is over, and this is all of it.
  case over(Caller, CallOutcome)
}

/// One call that is being held.
public final class PlacedCall: Sendable {
  /// What happens, in order; ends after ``CallNews/over(_:_:)``. For one reader.
  public let news: AsyncStream<CallNews>

  let call: LiveCall
  private let loop: EventLoop

  /// Places a call at once, on a connection of its own. Throws where the target or the TLS files are not usable; a
  /// server that cannot be reached is the call's outcome.
  ///
  /// - Parameter voice: speaks texts that are meant for the platform's own voice, at 8,000 Hz; gives `nil` where it
  ///   cannot. Without one they are told, and silent.
  public init(
    _ caller: Caller, over route: CallRoute, loop: EventLoop,
    voice: (@Sendable (_ text: String) async -> [Int16]?)? = nil
  ) throws(RPCStatus) {
    let carrier = try route.carrier(on: loop)
    let (news, reporter) = AsyncStream.makeStream(of: CallNews.self, bufferingPolicy: .bufferingNewest(100_000))
    let call = LiveCall(
      caller, over: carrier, on: loop, route: route, trackingID: "patchbay_\(RandomID.make())",
      audio: WireAudio(
        clips: caller.clips, format: caller.settings.format, frameLength: caller.settings.frameLength))
    call.voice = voice
    let pacer = CallPacer(loop: loop)
    call.onEvent = { event, time in reporter.yield(.event(event, at: time)) }
    call.onOver = { [unowned call] outcome in
      reporter.yield(.over(call.caller, outcome))
      call.whenClosed {
        reporter.finish()
        pacer.stop()
      }
    }
    self.news = news
    self.call = call
    self.loop = loop
    loop.execute {
      let begin = MonotonicClock.nanoseconds
      var nextLevels = begin
      if call.caller.settings.keepsAudio {
        pacer.onLook = { now in
          guard now >= nextLevels else { return }
          nextLevels += 100_000_000
          let time = call.time(now)
          let timeline = call.caller.timeline
          reporter.yield(
            .levels(
              caller: timeline.level(of: .caller, before: time), agent: timeline.level(of: .agent, before: time),
              at: time))
        }
      }
      call.start(at: begin)
      pacer.add(call)
      pacer.start()
    }
  }

  /// Hangs up, as a caller does; the outcome follows.
  public func hangUp() {
    loop.execute { [call] in call.hangUp(at: MonotonicClock.nanoseconds) }
  }
}
