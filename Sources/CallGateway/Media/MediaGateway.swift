import AudioCodecs
import BotEngine
public import GRPCTransport
public import Logging
import Locking
import Synchronization
import TokenVerification
public import WebexProtocol

/// The services that bring other people's media: forked conversations and meetings, for any number of receivers.
///
/// A service is served where a receiver takes its media; without one, its methods are not there (UNIMPLEMENTED). An
/// organization whose media no receiver takes is answered FAILED_PRECONDITION. The token's gate is the voice gateway's.
public final class MediaGateway: Sendable {
  /// How media is taken.
  public struct Settings: Sendable {
    /// Who takes it.
    public var receivers: MediaReceivers
    /// Samples a second of forked conversations: what their audio is brought to.
    public var forkRate: Int
    /// Samples a second of meetings.
    public var meetingRate: Int
    /// The media that is asked for in meetings.
    public var meetings: MeetingSettings

    /// Settings.
    public init(
      receivers: MediaReceivers, forkRate: Int = 8000, meetingRate: Int = 16000,
      meetings: MeetingSettings = .init()
    ) {
      self.receivers = receivers
      self.forkRate = forkRate
      self.meetingRate = meetingRate
      self.meetings = meetings
    }
  }

  /// Bytes of a message where video is taken; otherwise the server's own limit holds.
  public static let maximumVideoMessage = 4 << 20

  let gateway: VoiceGateway
  let log: Logger
  let metrics = MediaMetrics()
  let forks = MediaRegistry()
  let meetings = MediaRegistry()
  private let current: Locked<Settings>
  private let workers = Locked<[ObjectIdentifier: LoopBound<MediaWorker>]>([:])
  private let openCalls = Atomic<Int>(0)

  /// Services behind a voice gateway's token gate and limits.
  public init(gateway: VoiceGateway, settings: Settings, log: Logger) {
    self.gateway = gateway
    current = Locked(settings)
    self.log = log
  }

  /// What is in force. Setting it changes no session that is up, and no service that is served or not.
  public var settings: Settings {
    get { current.withLock { $0 } }
    set { current.withLock { $0 = newValue } }
  }

  /// The services that are served, by their full names.
  public var services: [String] {
    (settings.receivers.take(.fork) ? [Self.forkingService] : [])
      + (settings.receivers.take(.meeting) ? [Self.meetingService] : [])
  }

  /// The methods to serve.
  public var methods: [ServerMethod] {
    (settings.receivers.take(.fork) ? [forkMethod] : [])
      + (settings.receivers.take(.meeting) ? meetingMethods : [])
  }

  static let forkingService = "com.cisco.wcc.ccai.media.v1.ConversationAudio"
  static let meetingService = "com.cisco.wcc.ccai.media.v1.MultiMedia"

  /// Sessions that are up.
  public var liveSessions: Int { forks.count + meetings.count }

  /// Takes no new sessions from now on. Returns when the last one has ended; after `limit` those that are left are ended.
  public func drain(limit: Duration) async {
    forks.drain()
    meetings.drain()
    let clock = ContinuousClock()
    let end = clock.now + limit
    while liveSessions > 0, clock.now < end, !Task.isCancelled { try? await clock.sleep(for: .milliseconds(50)) }
    for session in forks.all + meetings.all { session.execute { $0.shutDown() } }
    let grace = clock.now + .seconds(1)
    while liveSessions > 0, clock.now < grace { try? await clock.sleep(for: .milliseconds(20)) }
  }

  // MARK: What the handlers need

  /// Counts an RPC in; false where there are too many. A meeting has up to seven.
  func enter() -> Bool {
    openCalls.add(1, ordering: .relaxed).newValue <= gateway.limits.conversations * 8 + 64
  }

  func leave() { openCalls.subtract(1, ordering: .relaxed) }

  /// The loop's own decoders and buffers.
  func worker(on loop: any LoopExecutor) -> MediaWorker {
    let id = ObjectIdentifier(loop)
    if let worker = workers.withLock({ $0[id] }) { return worker.value }
    let worker = LoopBound(MediaWorker(takesVideo: settings.meetings.videoStreams > 0), loop: loop)
    workers.withLock { $0[id] = worker }
    return worker.value
  }

  /// The session of an RPC's first message: the one that is up, or a new one on the RPC's loop.
  func session(
    _ key: ConversationKey, kind: MediaSessionInfo.Kind, identity: Identity, loop: any LoopExecutor,
    make: ([MediaReceivers.Entry]) -> any MediaHost
  ) throws(RPCStatus) -> LoopBound<any MediaHost> {
    let registry = kind == .fork ? forks : meetings
    if let session = registry.find(key) { return session }
    if identity.isRetired { throw gateway.refusedRetired(identity) }
    let receivers = settings.receivers.entries(for: key.organization, kind)
    guard !receivers.isEmpty else {
      throw RPCStatus(.failedPrecondition, "no receiver is configured for media of this organization")
    }
    try gateway.refuseUnderLoad()
    switch registry.admit(key, limits: gateway.limits, make: { LoopBound(make(receivers), loop: loop) }) {
    case .session(let session): return session
    case .full: throw RPCStatus(.resourceExhausted, "the server, or the organization, has as many sessions as it takes")
    case .draining: throw RPCStatus(.unavailable, "the server is shutting down")
    }
  }

  /// A log for one session.
  func log(for key: ConversationKey, trackingID: String?) -> Logger {
    var log = log
    log[metadataKey: "conversation"] = "\(key.conversation)"
    log[metadataKey: "org"] = "\(key.organization)"
    if let trackingID { log[metadataKey: "trackingid"] = "\(trackingID)" }
    return log
  }
}

/// What one loop needs for media, made once: nothing of it is allocated for a message.
final class MediaWorker {
  let forks = ForkRequestDecoder()
  let meetings: MeetingMediaDecoder
  let samples = SampleScratch()

  init(takesVideo: Bool) { meetings = MeetingMediaDecoder(takesVideo: takesVideo) }
}
