import Basics
import GRPCTransport
import Glibc
import WebexProtocol

/// A ``Caller`` on the wire: carries its actions out and tells it what comes back.
///
/// `@unchecked Sendable`: after `init`, everything is touched on the channel's loop only.
final class LiveCall: @unchecked Sendable {
  private(set) var caller: Caller
  /// When ``tick(at:)`` is due, in nanoseconds of ``MonotonicClock``.
  private(set) var wake = Int64.max
  /// From the first RPC to the server's headers in it.
  private(set) var connected: Duration?
  /// Messages that could not be queued because the server did not take them in time.
  private(set) var unsent = 0
  /// Speaks texts that are meant for the platform's own voice, at 8,000 Hz; `nil` where it cannot.
  var voice: (@Sendable (String) async -> [Int16]?)?
  /// What is told, as it happens.
  var onEvent: ((CallEvent, Duration) -> Void)?
  /// The call is over; no event follows.
  var onOver: ((CallOutcome) -> Void)?

  private let channel: GRPCChannel
  private let loop: EventLoop
  private let metadata: Metadata
  private let messages: CallerMessages
  private var lines: [Int: Line] = [:]
  private var actions: [CallerAction] = []
  private var origin: Int64 = 0
  /// What came while a text is being spoken, in order; `nil` where none is.
  private var heldBack: [() -> Void]?

  init(_ caller: Caller, over channel: GRPCChannel, on loop: EventLoop, metadata: Metadata, audio: WireAudio) {
    self.caller = caller
    self.channel = channel
    self.loop = loop
    self.metadata = metadata
    messages = CallerMessages(settings: caller.settings, audio: audio)
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

  /// A time of the call.
  func time(_ now: Int64) -> Duration { .nanoseconds(now - origin) }

  private func carryOut(at now: Int64) {
    var actions: [CallerAction] = []
    swap(&actions, &self.actions)
    caller.exchangeActions(&actions)
    for action in actions {
      switch action {
      case .open(let rpc):
        let line = Line(self, rpc)
        lines[rpc] = line
        line.call = channel.startCall(path: CallRoute.path, metadata: metadata, handler: line)
      case .send(let rpc, let input):
        guard let line = lines[rpc] else { break }
        line.isFirst = false
        if line.call?.send(messages.event(input)) != true { unsent += 1 }
      case .sendAudio(let rpc, let frame):
        guard let line = lines[rpc] else { break }
        let isSent = messages.withFrame(frame, isFirst: line.isFirst) { line.call?.send($0) }
        line.isFirst = false
        if isSent != true { unsent += 1 }
      case .halfClose(let rpc): lines[rpc]?.call?.halfClose()
      case .cancel(let rpc): lines[rpc]?.call?.cancel()
      case .tell(let event): onEvent?(event, time(now))
      case .finish(let outcome):
        let onOver = onOver
        // Who listens may hold what holds the call.
        (self.onOver, onEvent) = (nil, nil)
        onOver?(outcome)
      }
    }
    actions.removeAll(keepingCapacity: true)
    swap(&actions, &self.actions)
    wake = caller.nextWake.map { origin + Int64($0.inMicroseconds) * 1000 } ?? .max
  }

  fileprivate func connected(_ line: Line) {
    if line.rpc == 1, connected == nil { connected = time(MonotonicClock.nanoseconds) }
  }

  fileprivate func received(_ message: borrowing ReceivedMessage, _ line: Line) {
    do {
      let response = try VoiceResponse(decoding: message.unsafeBytes)
      guard heldBack != nil else { return received(response, line) }
      inOrder { self.received(response, line) }
    } catch {
      inOrder {
        let now = MonotonicClock.nanoseconds
        self.caller.couldNotRead(rpc: line.rpc, "\(error)", at: self.time(now))
        self.carryOut(at: now)
      }
    }
  }

  fileprivate func ended(_ status: RPCStatus, _ line: Line) { inOrder { self.takeEnd(status, line) } }

  /// What comes is done in order, after the text that is being spoken.
  private func inOrder(_ action: @escaping () -> Void) {
    if heldBack == nil { action() } else { heldBack?.append(action) }
  }

  private func received(_ response: VoiceResponse, _ line: Line) {
    let texts = voice == nil ? [] : response.prompts.filter { $0.audio?.isEmpty ?? true }.compactMap(\.text)
    guard let voice, texts.contains(where: { !$0.isEmpty }) else { return receive(response, [:], line) }
    heldBack = []
    let own = OnLoop { spoken in
      self.receive(response, spoken, line)
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

  private func receive(_ response: VoiceResponse, _ spoken: [String: [Int16]], _ line: Line) {
    let now = MonotonicClock.nanoseconds
    caller.received(response, spoken: spoken, rpc: line.rpc, at: time(now))
    carryOut(at: now)
  }

  private func takeEnd(_ status: RPCStatus, _ line: Line) {
    let now = MonotonicClock.nanoseconds
    lines[line.rpc] = nil
    caller.completed(rpc: line.rpc, status: Int(status.code.rawValue), message: status.message, at: time(now))
    carryOut(at: now)
  }
}

/// Something to be done on the call's loop.
///
/// `@unchecked Sendable`: the action is made and run on the loop only, and merely kept in between.
private struct OnLoop: @unchecked Sendable {
  let action: ([String: [Int16]]) -> Void
}

/// One RPC of a call.
private final class Line: ClientCallHandler {
  /// Kept alive until the RPC has ended, also where the call is over before.
  let owner: LiveCall
  let rpc: Int
  var call: ClientCall?
  var isFirst = true

  init(_ owner: LiveCall, _ rpc: Int) {
    self.owner = owner
    self.rpc = rpc
  }

  func receivedInitialMetadata(_ metadata: Metadata) { owner.connected(self) }

  func received(_ message: borrowing ReceivedMessage) { owner.received(message, self) }

  func ended(_ status: RPCStatus, trailingMetadata: Metadata) {
    call = nil
    owner.ended(status, self)
  }
}
