import Basics
import GRPCTransport
import Glibc
import WebexProtocol

/// A ``Caller`` on the wire: carries its actions out and tells it what comes back.
///
/// `@unchecked Sendable`: after `init`, everything is touched on the call's loop only.
final class LiveCall: @unchecked Sendable {
  private(set) var caller: Caller
  /// When ``tick(at:)`` is due, in nanoseconds of ``MonotonicClock``.
  private(set) var wake = Int64.max
  /// From the first RPC to the server's headers in it, or to the open socket.
  private(set) var connected: Duration?
  /// Messages that could not be queued because the server did not take them in time.
  private(set) var unsent = 0
  /// Speaks texts that are meant for the platform's own voice, at 8,000 Hz; `nil` where it cannot.
  var voice: (@Sendable (String) async -> [Int16]?)?
  /// What is told, as it happens.
  var onEvent: ((CallEvent, Duration) -> Void)?
  /// The call is over; no event follows.
  var onOver: ((CallOutcome) -> Void)?

  /// What carries the actions out.
  private(set) var wire: (any CallWire)?
  private let loop: EventLoop
  private var actions: [CallerAction] = []
  private var origin: Int64 = 0
  /// What came while a text is being spoken, in order; `nil` where none is.
  private var heldBack: [() -> Void]?

  init(
    _ caller: Caller, over carrier: CallCarrier, on loop: EventLoop, route: CallRoute, trackingID: String,
    audio: WireAudio
  ) {
    self.caller = caller
    self.loop = loop
    switch carrier {
    case .channel(let channel):
      wire = GRPCCallWire(
        self, over: channel, metadata: route.metadata(trackingID: trackingID),
        messages: CallerMessages(settings: caller.settings, audio: audio))
    case .sockets(let route): wire = SocketCallWire(self, over: route, on: loop, audio: audio, trackingID: trackingID)
    }
  }

  func start(at now: Int64) {
    origin = now
    caller.start(at: .zero)
    carryOut(at: now)
  }

  func tick(at now: Int64) {
    caller.tick(at: time(now))
    carryOut(at: now)
  }

  func hangUp(at now: Int64) {
    caller.hangUp(at: time(now))
    carryOut(at: now)
  }

  func endSoon(at now: Int64) {
    caller.endSoon(at: time(now))
    carryOut(at: now)
  }

  /// Has the caller do something of its own accord.
  func change(at now: Int64, _ body: (inout Caller, Duration) -> Void) {
    body(&caller, time(now))
    carryOut(at: now)
  }

  /// What ended before a position, in samples from the start of the call, is not kept any more.
  func forgetAudio(before position: Int) { caller.forgetAudio(before: position) }

  /// Does something when all that is this call's alone is closed.
  func whenClosed(_ work: @escaping () -> Void) { wire?.whenClosed(work) }

  /// A time of the call.
  func time(_ now: Int64) -> Duration { .nanoseconds(now - origin) }

  private func carryOut(at now: Int64) {
    var actions: [CallerAction] = []
    swap(&actions, &self.actions)
    caller.exchangeActions(&actions)
    for action in actions {
      switch action {
      case .open(let rpc): wire?.open(rpc)
      case .send(let rpc, let input): if wire?.send(input, on: rpc) == false { unsent += 1 }
      case .sendAudio(let rpc, let frame): if wire?.send(frame, on: rpc) == false { unsent += 1 }
      case .halfClose(let rpc): wire?.halfClose(rpc)
      case .cancel(let rpc): wire?.cancel(rpc)
      case .tell(let event): onEvent?(event, time(now))
      case .finish(let outcome):
        wire?.finish(outcome)
        let onOver = onOver
        // Who listens may hold what holds the call.
        (self.onOver, onEvent) = (nil, nil)
        onOver?(outcome)
      }
    }
    actions.removeAll(keepingCapacity: true)
    swap(&actions, &self.actions)
    wake = caller.nextWake.map { origin + Int64($0.wholeMicroseconds) * 1000 } ?? .max
  }

  // MARK: From the wire

  func connected(_ rpc: Int) { if rpc == 1, connected == nil { connected = time(MonotonicClock.nanoseconds) } }

  func received(_ response: VoiceResponse, on rpc: Int) {
    guard heldBack != nil else { return take(response, rpc) }
    inOrder { self.take(response, rpc) }
  }

  func couldNotRead(_ why: String, on rpc: Int) {
    inOrder {
      let now = MonotonicClock.nanoseconds
      self.caller.couldNotRead(rpc: rpc, why, at: self.time(now))
      self.carryOut(at: now)
    }
  }

  /// A message came that belongs to no RPC.
  func receivedUnasked() {
    inOrder {
      let now = MonotonicClock.nanoseconds
      self.caller.receivedUnasked()
      self.carryOut(at: now)
    }
  }

  func ended(_ status: RPCStatus, on rpc: Int) { inOrder { self.takeEnd(status, rpc) } }

  /// What comes is done in order, after the text that is being spoken.
  private func inOrder(_ action: @escaping () -> Void) {
    if heldBack == nil { action() } else { heldBack?.append(action) }
  }

  private func take(_ response: VoiceResponse, _ rpc: Int) {
    let texts = voice == nil ? [] : response.prompts.filter { $0.audio?.isEmpty ?? true }.compactMap(\.text)
    guard let voice, texts.contains(where: { !$0.isEmpty }) else { return receive(response, [:], rpc) }
    heldBack = []
    let own = OnLoop { spoken in
      self.receive(response, spoken, rpc)
      self.release()
    }
    Task { [loop] in
      var spoken: [String: [Int16]] = [:]
      for text in texts where !text.isEmpty { spoken[text] = await voice(text) }
      let done = spoken
      loop.execute { own.action(done) }
    }
  }

  private func release() {
    let actions = heldBack ?? []
    heldBack = nil
    // One of them may be a text again: the rest waits for it.
    for (index, action) in actions.enumerated() {
      action()
      guard heldBack != nil else { continue }
      heldBack?.append(contentsOf: actions[(index + 1)...])
      return
    }
  }

  private func receive(_ response: VoiceResponse, _ spoken: [String: [Int16]], _ rpc: Int) {
    let now = MonotonicClock.nanoseconds
    caller.received(response, spoken: spoken, rpc: rpc, at: time(now))
    carryOut(at: now)
  }

  private func takeEnd(_ status: RPCStatus, _ rpc: Int) {
    let now = MonotonicClock.nanoseconds
    caller.completed(rpc: rpc, status: Int(status.code.rawValue), message: status.message, at: time(now))
    carryOut(at: now)
  }
}

/// Something to be done on the call's loop.
///
/// `@unchecked Sendable`: the action is made and run on the loop only, and merely kept in between.
private struct OnLoop: @unchecked Sendable {
  let action: ([String: [Int16]]) -> Void
}
