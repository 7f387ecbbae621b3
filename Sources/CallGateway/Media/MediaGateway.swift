import AudioCodecs
import BotEngine
public import GRPCTransport
import Locking
public import Logging
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
  let forks = SessionRegistry()
  let meetings = SessionRegistry()
  private let current: Locked<Settings>
  let openCalls = OpenCount()
  let workers: PerLoop<MediaWorker>

  /// Services behind a voice gateway's token gate and limits.
  public init(gateway: VoiceGateway, settings: Settings, log: Logger) {
    self.gateway = gateway
    let current = Locked(settings)
    self.current = current
    workers = PerLoop { MediaWorker(takesVideo: current.withLock { $0.meetings.videoStreams > 0 }) }
    self.log = log
  }

  /// What is in force. Setting it changes no session that is up, and no service that is served or not.
  public var settings: Settings {
    get { current.withLock { $0 } }
    set { current.withLock { $0 = newValue } }
  }

  /// The services that are served, by their full names.
  public var services: [String] {
    (settings.receivers.accept(.fork) ? [Self.forkingService] : [])
      + (settings.receivers.accept(.meeting) ? [Self.meetingService] : [])
  }

  /// The methods to serve.
  public var methods: [ServerMethod] {
    (settings.receivers.accept(.fork) ? [forkMethod] : [])
      + (settings.receivers.accept(.meeting) ? meetingMethods : [])
  }

  static let forkingService = "com.cisco.wcc.ccai.media.v1.ConversationAudio"
  static let meetingService = "com.cisco.wcc.ccai.media.v1.MultiMedia"

  /// Sessions that are up.
  public var liveSessions: Int { forks.count + meetings.count }

  /// What is shown of them.
  public var statuses: [SessionStatus] { forks.statuses + meetings.statuses }

  /// Takes no new sessions from now on. Returns when the last one has ended; after `limit` those that are left are ended.
  public func drain(limit: Duration) async {
    async let forksEnd: Void = forks.drain(limit: limit, grace: nil, most: .zero, outcome: "media is ended", log: log)
    await meetings.drain(limit: limit, grace: nil, most: .zero, outcome: "media is ended", log: log)
    await forksEnd
  }

  // MARK: What the calls need

  /// A new session on the RPC's loop, or the one that is live.
  func session(
    _ key: ConversationKey, kind: MediaSessionInfo.Kind, _ identity: Identity, loop: any LoopExecutor,
    make: ([MediaReceivers.Entry], SessionStatus) -> any SessionHost
  ) throws(RPCStatus) -> LoopBound<any SessionHost> {
    let registry = kind == .fork ? forks : meetings
    if let session = registry.find(key) { return session }
    if identity.isRetired { throw gate.refusedRetired(identity) }
    let receivers = settings.receivers.entries(for: key.organization, kind)
    guard !receivers.isEmpty else {
      throw RPCStatus(.failedPrecondition, "no receiver is configured for media of this organization")
    }
    let status = SessionStatus(
      key: key, tenant: identity.tenantName, agent: kind.rawValue, kind: kind, began: loop.now,
      loop: ObjectIdentifier(loop))
    return try gateway.admit(status, to: registry, on: loop) { make(receivers, status) }
  }
}

extension MediaGateway: SessionService {
  var gate: TokenGate { gateway.gate }
  var limits: GatewayLimits { gateway.limits }
  /// A meeting has up to seven RPCs.
  var maximumCalls: Int { limits.conversations * 8 + 64 }

  func session(
    for call: SessionCall, first bytes: UnsafeRawBufferPointer, _ identity: Identity
  ) throws -> LoopBound<any SessionHost>? {
    switch call.method {
    case .fork: try fork(bytes, identity, call)
    case .meetingControl: try meeting(openedBy: bytes, identity, call)
    case .meetingMedia: try meeting(joinedBy: bytes, identity, call)
    case .conversation, .agentList, .socket, .socketAgentList: nil
    }
  }
}

/// What one loop needs for media.
final class MediaWorker {
  let forks = ForkRequestDecoder()
  let meetings: MeetingMediaDecoder
  let samples = SampleScratch()

  init(takesVideo: Bool) { meetings = MeetingMediaDecoder(takesVideo: takesVideo) }
}
