import AudioCodecs
import BotEngine
import GRPCTransport
import WebexProtocol

extension MeetingSession {
  /// Participants that are heard within one meeting at most; the platform gives three at a time.
  static let maximumParticipants = 5000
  /// Decoders of one meeting at most.
  static let maximumDecoders = 32

  /// A message of a media stream.
  func received(media message: MeetingMedia, _ line: any SessionLine) throws(RPCStatus) {
    switch message {
    case .open(let open): try openStream(open, line)
    case .payload(let payload):
      guard let stream = streams[line.id] else {
        throw RPCStatus(.invalidArgument, "a media stream begins with stream_open")
      }
      forward(payload, stream)
    case .close:
      close(line.id)
      line.finish()
    case .unknown: break
    }
  }

  private func openStream(_ open: MeetingStreamOpen, _ line: any SessionLine) throws(RPCStatus) {
    guard streams[line.id] == nil else { throw RPCStatus(.invalidArgument, "a media stream opens once") }
    guard identityMatches(open) else { throw RPCStatus(.permissionDenied, "the stream is of another meeting") }
    do throws(MeetingStreamError) {
      try machine.mediaOpened(open)
    } catch {
      perform([.send(.error(error))])
      let code: RPCStatus.Code = error.code == .capacityExceeded ? .resourceExhausted : .invalidArgument
      throw RPCStatus(code, error.message)
    }
    streams[line.id] = Stream(id: open.streamID, type: open.mediaType, line: line)
    log.info("media stream", metadata: ["type": "\(open.mediaType)"])
  }

  private func forward(_ payload: MeetingMedia.Payload, _ stream: Stream) {
    let now = loop.now
    let arrival = stream.window.arrive(payload.sequenceNumber, now: now) {
      HeldPacket(
        bytes: Array(payload.bytes), timestamp: payload.timestamp, participant: payload.participantID.string)
    }
    switch arrival {
    case .next, .restart:
      play(payload.bytes, payload.timestamp, of: payload.participantID.string, on: stream, lost: 0, now: now)
    case .held, .late: break
    }
    drain(stream, now: now)
  }

  /// Plays what waits no longer.
  func drain(_ stream: Stream, now: Duration) {
    while let (packet, _, lost) = stream.window.next(now: now) {
      packet.bytes.withUnsafeBytes {
        play($0, packet.timestamp, of: packet.participant, on: stream, lost: lost, now: now)
      }
    }
  }

  /// What still waits is played, and what became of the stream is counted.
  func finishWindow(_ stream: Stream) {
    drain(stream, now: .seconds(Int64.max / 4))
    let counts = stream.window.counts
    media.metrics.streamEnded((counts.lost, counts.late, counts.reordered))
  }

  private func play(
    _ bytes: UnsafeRawBufferPointer, _ timestamp: Int64, of participant: String, on stream: Stream, lost: Int,
    now: Duration
  ) {
    let source = participant.isEmpty ? stream.id : participant
    let arrival = clock.position(min(now, loop.now))
    defer { stream.last = source }
    if stream.type == .video { return see(bytes, timestamp, of: source, on: stream, lost: lost, arrival: arrival) }
    media.metrics.frames.increment()
    guard let speaker = speaker(source) else { return media.metrics.refusedAudio.increment() }
    // Whose packets are missing where the speaker changed, nobody knows.
    let own = stream.last == source ? lost : 0
    var count = 0
    speaker.play(
      bytes, lost: own, stated: { self.position(timestamp, count: $0, arrival: arrival) }, arrival: arrival
    ) { samples, position, isConcealed in
      count += samples.count
      relay.hear(samples, of: source, at: position, isConcealed: isConcealed)
    }
    keepPace(stream, count)
    guard speaker.isMostlyDamaged(now: loop.now) else { return }
    log.notice("over half of a participant's packets are damaged")
    perform([
      .send(
        .error(
          MeetingStreamError(
            streamID: stream.id, code: .invalidPayload, message: "over half of the packets are damaged",
            timestamp: timestamp)))
    ])
  }

  private func see(
    _ bytes: UnsafeRawBufferPointer, _ timestamp: Int64, of source: String, on stream: Stream, lost: Int, arrival: Int
  ) {
    media.metrics.videoFrames.increment()
    if lost > 0 { perform(machine.videoLost(stream.id, now: loop.now)) }
    relay.add(MediaSource(id: source, role: .participant, platformID: source))
    let position = max(0, position(timestamp, count: 0, arrival: arrival) ?? arrival)
    relay.tell(
      .video(
        MediaVideo(
          source: source, stream: stream.id, data: Array(bytes), timestamp: timestamp,
          milliseconds: position / (relay.info.sampleRate / 1000), followsLoss: lost > 0)))
  }

  /// Where the sender's time, in milliseconds, is on the session's clock.
  private func position(_ timestamp: Int64, count: Int, arrival: Int) -> Int? {
    let (microseconds, overflow) = timestamp.multipliedReportingOverflow(by: 1000)
    guard timestamp != 0, !overflow else { return nil }
    return clock.position(stated: microseconds, count: count, arrival: arrival)
  }

  private func speaker(_ id: String) -> MeetingParticipant? {
    packets &+= 1
    if let known = participants[id] {
      known.lastHeard = packets
      if !known.isAwake {
        makeRoom()
        do throws(AudioError) { try known.awake() } catch { return nil }
      }
      return known
    }
    guard participants.count < Self.maximumParticipants else { return nil }
    makeRoom()
    guard let made = try? MeetingParticipant(id: id, codec: settings.audioCodec, rate: relay.info.sampleRate) else {
      return nil
    }
    made.lastHeard = packets
    participants[id] = made
    relay.add(MediaSource(id: id, role: .participant, platformID: id))
    log.info("speaker", metadata: ["chain": "\(made.chain)"])
    return made
  }

  /// Decoders are for those who were heard last.
  private func makeRoom() {
    let awake = participants.values.filter(\.isAwake)
    guard awake.count >= Self.maximumDecoders else { return }
    awake.min { $0.lastHeard < $1.lastHeard }?.rest()
  }

  /// Audio that comes faster than anybody speaks is slowed down by not reading it, and refused at last.
  private func keepPace(_ stream: Stream, _ count: Int) {
    switch stream.pace.receive(
      samples: count, sampleRate: relay.info.sampleRate, now: loop.now.nanoseconds)
    {
    case .proceed: break
    case .throttle(let milliseconds): stream.line.pause(for: .milliseconds(milliseconds))
    case .refuse:
      perform([
        .send(
          .error(
            MeetingStreamError(
              streamID: stream.id, code: .capacityExceeded, message: "the audio is ahead of real time")))
      ])
      stream.line.refuse(RPCStatus(.resourceExhausted, "the audio is more than ten seconds ahead of real time"))
    }
  }
}
