import AudioCodecs
import BotEngine
import GRPCTransport
import Logging
import WebexProtocol

/// A forked conversation: the legs of its speakers, whichever RPCs they come on, on one clock.
///
/// A leg is a role with the platform's id of it. It may come on an RPC with another or on one of its own, and come again
/// on a new RPC: what it repeats is left out. The session is over when no RPC has been there for a while.
final class ForkSession: SessionHost {
  /// One RPC.
  private struct Line {
    let line: any SessionLine
    /// The legs that have come on it.
    var legs: Set<String> = []
    /// The leg that came last: the one of a message that names none.
    var last: ForkLeg?
    var refusals = 0
  }

  /// Legs of a conversation at most.
  static let maximumLegs = 16
  /// Complaints about one RPC's audio at most.
  static let maximumRefusals = 16
  /// How long the session goes on without an RPC, after an orderly end and after a loss.
  static let orderlyPatience = Duration.seconds(2)
  static let reconnectPatience = Duration.seconds(30)
  /// The longest session.
  static let maximumLength = Duration.seconds(86_400)

  private let status: SessionStatus
  private let media: MediaGateway
  private let loop: any LoopExecutor
  private let worker: MediaWorker
  private let relay: MediaRelay
  private let log: Logger
  /// Their ids, for the log.
  private let receivers: String
  private var clock: SessionClock
  private var lines: [RPCID: Line] = [:]
  private var legs: [String: ForkLeg] = [:]
  private var wasLost = false
  private var endTimer: LoopTimer?
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
    clock = SessionClock(rate: info.sampleRate, now: loop.now)
    relay = MediaRelay(info: info, receivers: receivers, loop: loop, metrics: media.metrics, log: log)
    lengthTimer = loop.schedule(after: Self.maximumLength) { [weak self] in self?.end(.tooLong, .ok) }
  }

  // MARK: RPCs

  private var key: ConversationKey { status.key }

  func opened() {
    log.info("fork started", metadata: ["receivers": "\(receivers)"])
  }

  func joined(_ line: any SessionLine) {
    endTimer?.cancel()
    endTimer = nil
    lines[line.id] = Line(line: line)
    if relay.isOver { line.finish(RPCStatus(.unavailable, "the conversation has just ended")) }
  }

  func received(_ bytes: UnsafeRawBufferPointer, from rpc: RPCID) {
    guard !relay.isOver, let line = lines[rpc]?.line else { return }
    do {
      try process(worker.forks.decode(bytes), of: rpc)
    } catch {
      line.refuse(error)
    }
  }

  func halfClosed(_ rpc: RPCID) {
    guard let line = lines.removeValue(forKey: rpc) else { return }
    line.line.send(ForkResponse.success.encoded())
    line.line.finish()
    lostLine(line, isOrderly: true)
  }

  func left(_ rpc: RPCID, isDelivered: Bool) {
    guard let line = lines.removeValue(forKey: rpc) else { return }
    lostLine(line, isOrderly: false)
  }

  /// An RPC is gone; the session goes on as long as there is another, and some time beyond.
  private func lostLine(_ line: Line, isOrderly: Bool) {
    relay.flush()
    guard !relay.isOver else { return }
    wasLost = !isOrderly
    guard lines.isEmpty else { return }
    endTimer?.cancel()
    endTimer = loop.schedule(after: isOrderly ? Self.orderlyPatience : Self.reconnectPatience) { [weak self] in
      guard let self, lines.isEmpty else { return }
      end(wasLost ? .lost : .completed, .ok)
    }
  }

  func shutDown(grace: Duration?) { end(.shutdown, RPCStatus(.unavailable, "the server is shutting down")) }

  private func end(_ reason: MediaEnd, _ status: RPCStatus) {
    guard !relay.isOver else { return }
    endTimer?.cancel()
    lengthTimer?.cancel()
    for leg in legs.values { leg.audio.finish() }
    relay.end(reason)
    media.forks.remove(self.status)
    for line in lines.values { line.line.finish(status) }
    log.info("fork ended", metadata: ["reason": "\(reason.rawValue)", "legs": "\(legs.count)"])
  }

  // MARK: Audio

  private func process(_ request: borrowing ForkRequestView, of rpc: RPCID) throws {
    guard request.organizationID.isEmpty || request.organizationID.equals(key.organization) else {
      throw RPCStatus(.permissionDenied, "customer_org_id is not the organization of the token")
    }
    guard request.conversationID.isEmpty || request.conversationID.equals(key.conversation) else {
      throw RPCStatus(.invalidArgument, "conversation_id changed within the call")
    }
    guard let audio = request.audio else { return }
    media.metrics.frames.increment()
    let leg = try leg(of: audio, on: rpc)
    do throws(AudioError) {
      try hear(audio, leg, rpc)
      leg.isRefused = false
    } catch {
      try refused(error, leg, rpc)
    }
  }

  private func hear(_ audio: ForkRequestView.Audio, _ leg: ForkLeg, _ rpc: RPCID) throws(AudioError) {
    let encoding: AudioEncoding?
    switch audio.encoding {
    case .unstated: encoding = nil
    case .stated(let stated): encoding = stated
    case .unknown(let number):
      throw AudioError(.unsupportedFile, "There is no audio encoding \(number); send LINEAR16, MULAW or ALAW.")
    }
    let now = loop.now
    let isFirst = leg.audio.counts.samples == 0
    let decision = try leg.decode(audio, encoding: encoding, scratch: worker.samples, now: now) { samples in
      place(samples, of: leg, stated: audio.timestamp, now: now)
    }
    if isFirst, leg.audio.counts.samples > 0 {
      log.info("leg", metadata: ["role": "\(leg.source.role.rawValue)", "chain": "\(leg.chain)"])
    }
    switch decision {
    case .proceed: break
    case .throttle(let milliseconds): lines[rpc]?.line.pause(for: .milliseconds(milliseconds))
    case .refuse:
      throw AudioError(.tooFast, "the audio is more than ten seconds ahead of real time; send it as it is spoken")
    }
  }

  private func place(_ samples: UnsafeBufferPointer<Int16>, of leg: ForkLeg, stated: Int64?, now: Duration) {
    let arrival = clock.position(now)
    let position = stated.map { clock.position(stated: $0, count: samples.count, arrival: arrival) }
    let placement = leg.clock.place(samples.count, stated: position, arrival: arrival)
    if placement.skip > 0 { media.metrics.repeatedSamples.increment(by: placement.skip) }
    guard placement.skip < samples.count else { return }
    relay.hear(
      UnsafeBufferPointer(rebasing: samples[placement.skip...]), of: leg.source.id, at: placement.position)
  }

  /// Audio that is not what it claims is told of, once until some is good again, and the stream goes on.
  private func refused(_ error: AudioError, _ leg: ForkLeg, _ rpc: RPCID) throws {
    media.metrics.refusedAudio.increment()
    if error.code == .tooFast { throw RPCStatus(.resourceExhausted, error.message) }
    leg.restart()
    guard !leg.isRefused, let line = lines[rpc], line.refusals < Self.maximumRefusals else { return }
    leg.isRefused = true
    lines[rpc]?.refusals += 1
    log.notice("a leg's audio is refused", metadata: ["role": "\(leg.source.role.rawValue)", "why": "\(error)"])
    line.line.send(ForkResponse.invalidAudioFormat.encoded())
  }

  /// The leg that a piece of audio belongs to.
  private func leg(of audio: ForkRequestView.Audio, on rpc: RPCID) throws(RPCStatus) -> ForkLeg {
    if let last = lines[rpc]?.last {
      if audio.role == .unspecified, audio.roleID.isEmpty { return last }
      if last.source.role == MediaSource.Role(audio.role), audio.roleID.equals(last.source.platformID) { return last }
    }
    let roleID = audio.roleID.string
    let id = ForkLeg.id(audio.role, roleID)
    let leg: ForkLeg
    if let known = legs[id] {
      leg = known
      // On an RPC of its own again, or after an RPC of both.
      if lines[rpc]?.legs.contains(id) == false { leg.resume() }
    } else {
      guard legs.count < Self.maximumLegs else {
        throw RPCStatus(.resourceExhausted, "a conversation may have \(Self.maximumLegs) legs")
      }
      leg = ForkLeg(
        MediaSource(id: id, role: MediaSource.Role(audio.role), platformID: roleID), rate: relay.info.sampleRate)
      legs[id] = leg
      relay.add(leg.source)
    }
    lines[rpc]?.legs.insert(id)
    lines[rpc]?.last = leg
    return leg
  }
}

extension MediaSource.Role {
  fileprivate init(_ role: ForkRole) {
    self =
      switch role {
      case .caller: .caller
      case .agent: .agent
      case .unspecified: .unknown
      }
  }
}
