import AudioCodecs
import BotEngine
import GRPCTransport
import Logging
import WebexProtocol

/// A meeting: its control stream, its media streams, and its participants' audio on one clock.
///
/// What the control stream means is decided by ``MeetingStateMachine``; this carries it out. Media is in
/// `MeetingSession+Media.swift`.
final class MeetingSession: SessionHost {
  /// One media stream.
  final class Stream {
    let id: String
    let type: MeetingMediaType
    let line: any SessionLine
    var window = SequenceWindow<HeldPacket>()
    var pace = RealTimeGuard()
    /// Who was heard or seen last.
    var last: String?

    init(id: String, type: MeetingMediaType, line: any SessionLine) {
      self.id = id
      self.type = type
      self.line = line
    }
  }

  /// A packet that came early.
  struct HeldPacket {
    var bytes: [UInt8]
    var timestamp: Int64
    var participant: String
  }

  /// The longest meeting.
  static let maximumLength = Duration.seconds(86_400)

  private let status: SessionStatus
  let media: MediaGateway
  let loop: any LoopExecutor
  let worker: MediaWorker
  let log: Logger
  /// Their ids, for the log.
  private let receivers: String
  let settings: MeetingSettings
  var relay: MediaRelay
  var clock: SessionClock
  var machine: MeetingStateMachine
  var streams: [RPCID: Stream] = [:]
  var participants: [String: MeetingParticipant] = [:]
  /// Packets of audio so far.
  var packets: UInt64 = 0
  private var lines: [RPCID: any SessionLine] = [:]
  private var control: (any SessionLine)?
  private var timer = DeadlineTimer()
  private var lengthTimer: LoopTimer?

  init(
    info: MediaSessionInfo, status: SessionStatus, receivers: [MediaReceivers.Entry], media: MediaGateway,
    loop: any LoopExecutor, worker: MediaWorker
  ) {
    self.status = status
    self.receivers = receivers.map(\.id).joined(separator: ", ")
    self.media = media
    self.loop = loop
    self.worker = worker
    log = media.log.of(status.key, trackingID: info.trackingID)
    status.note(trackingID: info.trackingID)
    status.note(.started, now: loop.now)
    let now = loop.now
    clock = SessionClock(rate: info.sampleRate, now: now)
    settings = media.settings.meetings
    machine = MeetingStateMachine(settings: settings, now: now)
    let inbox = WishInbox()
    relay = MediaRelay(
      info: info, receivers: receivers, loop: loop, metrics: media.metrics, log: log,
      wish: { inbox.session?.value.grant($0) })
    lengthTimer = loop.schedule(after: Self.maximumLength) { [weak self] in self?.end(.tooLong, .ok) }
    inbox.connect(self, loop)
  }

  // MARK: RPCs

  var key: ConversationKey { status.key }

  func opened() {
    log.info("meeting started", metadata: ["receivers": "\(receivers)"])
  }

  func joined(_ line: any SessionLine) {
    guard !relay.isOver else {
      return line.finish(RPCStatus(.unavailable, "the meeting has just ended"))
    }
    lines[line.id] = line
  }

  func received(_ bytes: UnsafeRawBufferPointer, from rpc: RPCID) {
    guard !relay.isOver, let line = lines[rpc] else { return }
    do {
      if line.method == .meetingControl {
        try received(control: MeetingControl(decoding: bytes), line)
      } else {
        try received(media: worker.meetings.decode(bytes), line)
      }
    } catch {
      line.refuse(error)
    }
    settleTimer()
  }

  private func received(control message: MeetingControl, _ line: any SessionLine) throws(RPCStatus) {
    let now = loop.now
    if case .open(let open) = message, control?.id != line.id {
      guard identityMatches(open) else { throw RPCStatus(.permissionDenied, "the stream is of another meeting") }
      // A control stream that comes again takes the place of one that is not known to be lost yet.
      let before = control
      control = line
      before?.finish()
      return perform(machine.controlOpened(now: now))
    }
    guard control?.id == line.id else { return }
    perform(machine.control(message, now: now))
  }

  func identityMatches(_ open: MeetingStreamOpen) -> Bool {
    (open.organizationID.isEmpty || open.organizationID == key.organization)
      && open.conversationID == key.conversation
  }

  func halfClosed(_ rpc: RPCID) {
    guard let line = lines[rpc] else { return }
    if control?.id == rpc {
      perform(machine.controlClosed(isOrderly: true, now: loop.now))
    } else {
      close(rpc)
    }
    line.finish()
    settleTimer()
  }

  func left(_ rpc: RPCID, isDelivered: Bool) {
    guard lines.removeValue(forKey: rpc) != nil else { return }
    if control?.id == rpc {
      control = nil
      perform(machine.controlClosed(isOrderly: false, now: loop.now))
    } else {
      close(rpc)
    }
    settleTimer()
  }

  /// A media stream is over.
  func close(_ rpc: RPCID) {
    guard let stream = streams.removeValue(forKey: rpc) else { return }
    finishWindow(stream)
    relay.flush()
    perform(machine.mediaClosed(stream.id))
  }

  func shutDown(grace: Duration?) { end(.shutdown, RPCStatus(.unavailable, "the server is shutting down")) }

  // MARK: Actions

  private func grant(_ command: MediaCommand) {
    guard !relay.isOver else { return }
    perform(machine.wish(command, now: loop.now))
    settleTimer()
  }

  func perform(_ actions: [MeetingStateMachine.Action]) {
    for action in actions {
      switch action {
      case .send(let response): control?.send(response.encoded())
      case .finishControl: control?.finish()
      case .finishMedia(let id):
        guard let (rpc, stream) = streams.first(where: { $0.value.id == id }) else { break }
        close(rpc)
        stream.line.finish()
      case .roster(let participants, let removed):
        relay.tell(.roster(participants))
        for id in removed { forget(id) }
      case .reported(let code):
        media.metrics.reportedErrors.increment()
        log.notice("the platform reports an error", metadata: ["code": "\(code)"])
      case .ended(let reason): end(reason, .ok)
      }
    }
  }

  private func forget(_ id: String) {
    if let participant = participants.removeValue(forKey: id) { media.metrics.participantEnded(participant.counts) }
    relay.remove(id)
  }

  private func end(_ reason: MediaEnd, _ status: RPCStatus) {
    guard !relay.isOver else { return }
    timer.cancel()
    lengthTimer?.cancel()
    for stream in streams.values { finishWindow(stream) }
    streams = [:]
    for participant in participants.values { media.metrics.participantEnded(participant.counts) }
    relay.end(reason)
    media.meetings.remove(self.status)
    for line in lines.values { line.finish(status) }
    log.info("meeting ended", metadata: ["reason": "\(reason.rawValue)", "speakers": "\(participants.count)"])
  }

  // MARK: Time

  /// Sees to it that what is due first is done then.
  func settleTimer() {
    guard !relay.isOver else { return }
    let due = (streams.values.compactMap(\.window.deadline) + [machine.deadline].compactMap { $0 }).min()
    // Held strongly: the end of the meeting cancels it.
    timer.set(due, on: loop) { self.tick() }
  }

  private func tick() {
    let now = loop.now
    for stream in streams.values { drain(stream, now: now) }
    perform(machine.tick(now: now))
    settleTimer()
  }
}

/// Where receivers' wishes go before the session is there to take them.
private final class WishInbox: @unchecked Sendable {
  // `session` is set once, on the session's loop before any receiver's task has run there, and read on that loop only.
  private weak var target: MeetingSession?
  private var loop: (any LoopExecutor)?

  var session: LoopBound<MeetingSession>? {
    guard let target, let loop else { return nil }
    return LoopBound(target, loop: loop)
  }

  func connect(_ session: MeetingSession, _ loop: any LoopExecutor) {
    target = session
    self.loop = loop
  }
}
