public import BotEngine
import Metrics
import Recordings

/// The receiver `record`: keeps forked conversations as one recording (caller left, agent right) and meetings as one for
/// each participant.
///
/// A tenant that is not to be recorded is not, whatever the receiver's own list says.
public struct RecordingReceiver: MediaReceiver {
  private let recordings: CallRecordings

  /// A receiver that keeps what it is given there.
  public init(_ recordings: CallRecordings) { self.recordings = recordings }

  /// Records one session, until it is over.
  public func receive(_ session: MediaSession) async throws {
    guard recordings.policy.organizations[session.info.organization] != false else { return }
    var session = RecordedSession(session, service: recordings.service)
    // However the session ends, its files come to their end.
    defer { session.finish() }
    for await event in session.events { session.record(event) }
  }
}

/// The recordings of one session.
private struct RecordedSession {
  /// Participants of one meeting that are recorded; more are counted and left out.
  static let maximumTracks = 64

  let events: MediaEvents
  private let info: MediaSessionInfo
  private let service: RecordingService
  private var roles: [String: MediaSource.Role] = [:]
  private var tracks: [String: TrackRecorder] = [:]
  private var isSensitive = false
  private var leftOut = 0
  private let refused = Counter(label: "patchbay_recording_participants_left_out_total")

  init(_ session: MediaSession, service: RecordingService) {
    events = session.events
    info = session.info
    self.service = service
  }

  mutating func record(_ event: MediaEvent) {
    switch event {
    case .sourceAdded(let source):
      // Bounded by the gateway, which bounds the sources of a session.
      roles[source.id] = source.role
      note("source_added", words: ["role": source.role.rawValue])
    case .sourceRemoved: note("source_removed")
    case .roster(let participants): note("roster", numbers: ["participants": participants.count])
    case .audio(let audio):
      guard audio.sampleRate == info.sampleRate, let (track, channel) = track(of: audio.source) else { return }
      track.add(audio.samples, channel: channel, at: audio.position)
      if audio.concealed > 0 { track.event("concealed", numbers: ["samples": audio.concealed]) }
    case .video: break
    case .sensitive(let isSensitive):
      self.isSensitive = isSensitive
      for track in tracks.values { track.set(isSensitive: isSensitive) }
    case .ended(let end): note("ended", words: ["reason": end.rawValue])
    }
  }

  /// What a source is recorded on: made with its first audio.
  private mutating func track(of source: String) -> (track: TrackRecorder, channel: Int)? {
    let isFork = info.kind != .meeting
    let channel = isFork && roles[source] == .agent ? 1 : 0
    let key = isFork ? "" : source
    if let track = tracks[key] { return (track, channel) }
    guard tracks.count < Self.maximumTracks else {
      if leftOut == 0 { refused.increment() }
      leftOut += 1
      return nil
    }
    let track = service.recordTracks(
      RecordingPlan(
        organization: info.organization, conversation: info.conversation, agent: isFork ? info.agent ?? "" : source,
        kind: info.kind.rawValue, channels: isFork ? ["caller", "agent"] : ["participant"],
        sampleRate: info.sampleRate))
    if isSensitive { track.set(isSensitive: true) }
    tracks[key] = track
    return (track, channel)
  }

  private func note(_ name: String, numbers: [String: Int] = [:], words: [String: String] = [:]) {
    for track in tracks.values { track.event(name, numbers: numbers, words: words) }
  }

  func finish() { for track in tracks.values { track.finish() } }
}
